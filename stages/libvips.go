package stages

/*
#cgo pkg-config: vips
#include <malloc.h>
#include <vips/vips.h>

static void drop(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data) {}

static void gtx_quieten(void) {
	g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, drop, NULL);
}

static void gtx_bound_arenas(int n) {
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, n);
#endif
}
*/
import "C"

import "github.com/h2non/bimg"

// Setup prepares libvips for a long run of many pictures; call it once, first.
// Its operation cache would keep pictures that never come again, and one malloc
// arena a thread would keep memory that other threads need: both make a batch
// grow without bound. Its warnings have no path and are no use in one.
func Setup() {
	C.gtx_quieten()
	C.gtx_bound_arenas(2)
	bimg.VipsCacheSetMax(0)
	bimg.VipsCacheSetMaxMem(0)
}

// LibvipsVersion is that of the library that gtx was built with.
const LibvipsVersion = bimg.VipsVersion

// A Support tells what this libvips can do with a format.
type Support struct {
	Format      Format
	Read, Write bool
}

// Supported lists the formats that gtx knows.
func Supported() []Support {
	var list []Support
	for _, f := range []Format{JPEG, PNG, WebP, TIFF, AVIF, HEIF, GIF} {
		list = append(list, Support{
			Format: f,
			Read:   bimg.VipsIsTypeSupported(codecs[f].bimg),
			Write:  f.Output() == f && bimg.VipsIsTypeSupportedSave(codecs[f].bimg),
		})
	}
	return list
}
