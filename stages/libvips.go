package stages

/*
#cgo pkg-config: vips gmodule-2.0
#define _GNU_SOURCE
#include <dlfcn.h>
#include <gmodule.h>
#include <malloc.h>
#include <vips/vips.h>
#include <vips/vector.h>

static gint shortages;

static void drop(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data) {
	if (g_str_has_prefix(text, "out of memory"))
		g_atomic_int_inc(&shortages);
}

// How often libvips has got no memory for pixels. It may leave them black and report no error.
static int gtx_shortages(void) {
	return g_atomic_int_get(&shortages);
}

static void gtx_quieten(void) {
	g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, drop, NULL);
}

// libvips starts before Go code runs. It would load modules for formats, of which gtx needs only one, and that takes
// longer than everything else at the start of gtx. So gtx gives it a home without modules.
static gboolean homeless;

__attribute__((constructor)) static void gtx_hide_modules(void) {
	homeless = !g_getenv("VIPSHOME");
	if (homeless)
		g_setenv("VIPSHOME", "/nonexistent", FALSE);
}

static void gtx_unhide_modules(void) {
	if (homeless)
		g_unsetenv("VIPSHOME");
}

// Loads the module for HEIF and AVIF, which lies in a folder beside libvips.
static void gtx_load_heif(void) {
	Dl_info libvips;
	if (!homeless || !dladdr(vips_init, &libvips))
		return;
	char *folder = g_path_get_dirname(libvips.dli_fname);
	char *path = g_strdup_printf("%s/vips-modules-%d.%d/vips-heif.so", folder, VIPS_MAJOR_VERSION, VIPS_MINOR_VERSION);
	GModule *module = g_module_open(path, 0);
	if (module)
		g_module_make_resident(module);
	g_free(path);
	g_free(folder);
}

static void gtx_avoid_orc(void) {
	vips_vector_set_enabled(FALSE);
}

// libvips tries the loaders whose signature fits, one after the other. The ones that gtx does not want include
// ImageMagick and poppler.
static void gtx_block_loaders(void) {
	static const char *wanted[] = { "Jpeg", "Png", "Webp", "Tiff", "Nsgif", "Heif" };
	char name[64];

	vips_block_untrusted_set(TRUE);
	vips_operation_block_set("VipsForeignLoad", TRUE);
	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
		g_snprintf(name, sizeof(name), "VipsForeignLoad%s", wanted[i]);
		vips_operation_block_set(name, FALSE);
	}
}

static void gtx_bound_arenas(int n) {
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, n);
#endif
}
*/
import "C"

import (
	"sync"

	"github.com/h2non/bimg"
)

// Setup prepares libvips for a long run of many images. Call it once, before anything else.
// It turns off libvips' operation cache, which would keep images that are never used
// again, and limits malloc's arenas, which would keep freed memory per thread. Both
// make a long run grow without bound. It also drops libvips' warnings: they name no
// file, so they are useless in a batch. And it turns off the paths of libvips that
// compile code with liborc: liborc's allocator races between threads and crashes.
// It blocks all loaders but those of the formats that gtx reads.
func Setup() {
	C.gtx_unhide_modules()
	C.gtx_block_loaders()
	C.gtx_quieten()
	C.gtx_avoid_orc()
	C.gtx_bound_arenas(2)
	bimg.VipsCacheSetMax(0)
	bimg.VipsCacheSetMaxMem(0)
}

// loadHEIF makes libvips able to read and write HEIF and AVIF.
var loadHEIF = sync.OnceFunc(func() { C.gtx_load_heif() })

// LibvipsVersion is the version of libvips that gtx was built with.
const LibvipsVersion = bimg.VipsVersion

// A Support says whether this libvips can read and write a format.
type Support struct {
	Format      Format
	Read, Write bool
}

// Supported lists the formats that gtx knows.
func Supported() []Support {
	loadHEIF()
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

// shortages returns how often libvips has got no memory for pixels.
func shortages() int { return int(C.gtx_shortages()) }
