#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int gtx_stdout_closed;

/* This runs before the Go runtime starts, which opens /dev/null in place of
 * closed standard files. */
__attribute__((constructor)) static void look(void) {
  gtx_stdout_closed = fcntl(STDOUT_FILENO, F_GETFD) == -1 && errno == EBADF;
}
