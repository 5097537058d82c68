// The calls of a worker into libvips.

#include "read.h"

// gtx_worker_open opens a file, or returns NULL. Pixels must be made from top to bottom.
VipsImage *gtx_worker_open(const void *file, size_t length, const char *options, int fail);

// gtx_worker_is_blob and gtx_worker_is_int say of which type a field is.
gboolean gtx_worker_is_blob(VipsImage *in, const char *name);
gboolean gtx_worker_is_int(VipsImage *in, const char *name);

// gtx_worker_die_by_signals lets the kernel end the process at a fault. Go would catch the signal and exit with a code.
void gtx_worker_die_by_signals(void);
