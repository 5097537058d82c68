/* Decodes and encodes a folder of photographs with libvips alone, on all processors:
 *
 *   libvips THREADS OUT WIDTHxHEIGHT source|model < LIST
 *
 * LIST has one path per line. At the model's size the photograph is shrunk while it is decoded. Each of the
 * threads works on one photograph, and libvips starts no further threads for small ones.
 */

#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

static char **names;
static gint count, next;
static const char *folder;
static int width, height, keep;

static void fail(void)
{
	fprintf(stderr, "libvips: %s", vips_error_buffer());
	exit(1);
}

static void transcode(const char *path)
{
	VipsImage *image;
	const char *slash = strrchr(path, '/');
	char *out = g_build_filename(folder, slash ? slash + 1 : path, NULL);

	if (keep)
		image = vips_image_new_from_file(path, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	else if (vips_thumbnail(path, &image, width, "height", height, "size", VIPS_SIZE_FORCE, NULL))
		fail();
	if (!image || vips_jpegsave(image, out, "Q", 90, NULL))
		fail();
	g_object_unref(image);
	g_free(out);
}

static void *work(void *unused)
{
	for (;;) {
		int i = g_atomic_int_add(&next, 1);

		if (i >= count)
			break;
		transcode(names[i]);
		puts(names[i]);
		fflush(stdout);
	}
	vips_thread_shutdown();
	return unused;
}

int main(int argc, char **argv)
{
	char line[4096];
	GPtrArray *list = g_ptr_array_new();
	int threads;
	pthread_t *pool;

	if (argc != 5 || sscanf(argv[3], "%dx%d", &width, &height) != 2 || VIPS_INIT(argv[0]))
		return 2;
	threads = MAX(1, atoi(argv[1]));
	folder = argv[2];
	keep = !strcmp(argv[4], "source");
	vips_cache_set_max(0);
	vips_concurrency_set(1);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		g_ptr_array_add(list, g_strdup(line));
	}
	names = (char **) list->pdata;
	count = list->len;
	pool = g_new(pthread_t, threads);
	for (int i = 0; i < threads; i++)
		pthread_create(&pool[i], NULL, work, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(pool[i], NULL);
	vips_shutdown();
	return 0;
}
