// Package decoders reads the options about decoding in separate processes.
package decoders

import (
	"runtime"
	"time"

	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/cli/manual"
	"gtx/stages"
)

// Kept is how many bytes of decoded images a translation keeps in total. Images beyond that are decoded twice.
const Kept = 256 << 20

// The default limits: the time and memory that an isolated image may take, and the pixels of any image.
const (
	timeout   = 2 * time.Minute
	megabytes = 3000
	MaxPixels = 200 // million
)

// Default are the limits on images of a command without options about them.
func Default() stages.OpenOptions {
	return stages.OpenOptions{MaxPixels: MaxPixels * 1_000_000, Decoders: stages.NewDecoders(stages.DecoderOptions{
		Isolate: stages.IsolateAuto, Processes: runtime.GOMAXPROCS(0), Timeout: timeout, Memory: megabytes * 1_000_000,
	})}
}

// Flags are the options of commands that decode images.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "isolate", Category: manual.Input, Value: string(stages.IsolateAuto), Usage: "decode `FORMATS` in processes of their own, where a crash costs one image: auto (all but JPEG and PNG), all or none"},
		&cli.DurationFlag{Name: "timeout", Category: manual.Input, Value: timeout, Usage: "give up on an isolated image that takes longer than `DURATION` to decode; 0: no limit"},
		&cli.IntFlag{Name: "max-memory", Category: manual.Input, Value: megabytes, Usage: "give up on an isolated image that takes more than `N` megabytes to decode; 0: no limit"},
	}
}

// Of makes the decoders that the options ask for.
func Of(c *cli.Context) (*stages.Decoders, error) {
	o := stages.DecoderOptions{
		Isolate: stages.Isolation(c.String("isolate")), Processes: c.Int("jobs"),
		Timeout: c.Duration("timeout"), Memory: int64(c.Int("max-memory")) * 1_000_000,
	}
	switch o.Isolate {
	case stages.IsolateAuto, stages.IsolateAll, stages.IsolateNone:
	default:
		return nil, exit.Usage("--isolate %q: known are auto, all, none", o.Isolate)
	}
	if o.Timeout < 0 || o.Memory < 0 {
		return nil, exit.Usage("--timeout and --max-memory take 0 or more")
	}
	if o.Processes < 1 {
		o.Processes = runtime.GOMAXPROCS(0)
	}
	return stages.NewDecoders(o), nil
}
