// WIDE compiles a function for wider registers too, but without fused arithmetic, so
// that every processor gives the same bytes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((optimize("O3"), target_clones("avx2", "default")))
#elif defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((optimize("O3")))
#else
#define WIDE
#endif
