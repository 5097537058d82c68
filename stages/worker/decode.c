#include <signal.h>

#include "decode.h"

VipsImage *gtx_worker_open(const void *file, size_t length, const char *options, int fail)
{
	return vips_image_new_from_buffer(file, length, options,
		"access", VIPS_ACCESS_SEQUENTIAL,
		"fail_on", fail,
		NULL);
}

gboolean gtx_worker_is_blob(VipsImage *in, const char *name)
{
	return vips_image_get_typeof(in, name) == VIPS_TYPE_BLOB;
}

gboolean gtx_worker_is_int(VipsImage *in, const char *name)
{
	return vips_image_get_typeof(in, name) == G_TYPE_INT;
}

void gtx_worker_die_by_signals(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };

	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++)
		signal(faults[i], SIG_DFL);
}
