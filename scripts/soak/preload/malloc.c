// Preloaded into gtx, this lets the GTX_SOAK_MALLOC-th allocation fail, counted from the first picture that libvips
// opens. It then creates the file GTX_SOAK_MALLOC_FAILED.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static atomic_long left = -1; // allocations until the one that fails; below 0: none fails
static const char *marker;

__attribute__((constructor)) static void prepare(void)
{
	marker = getenv("GTX_SOAK_MALLOC_FAILED");
}

static void arm(void)
{
	static atomic_int armed;
	const char *n = getenv("GTX_SOAK_MALLOC");

	if (n && !atomic_exchange(&armed, 1))
		atomic_store(&left, atol(n));
}

static int fails(void)
{
	if (atomic_load(&left) < 0 || atomic_fetch_sub(&left, 1) != 1)
		return 0;
	if (marker)
		close(open(marker, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t n) { return fails() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { return fails() ? NULL : __libc_realloc(p, n); }

// The first of these that gtx calls is where the count begins.
void *vips_image_new_from_buffer(const void *data, size_t length, const char *options, const char *a, int b,
	const char *c, int d, const char *e, int f, void *end)
{
	static void *(*next)(const void *, size_t, const char *, const char *, int, const char *, int, const char *, int, void *);

	if (!next)
		*(void **) &next = dlsym(RTLD_NEXT, "vips_image_new_from_buffer");
	arm();
	return next(data, length, options, a, b, c, d, e, f, end);
}
