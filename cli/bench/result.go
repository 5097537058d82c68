package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"gtx/pipeline"
)

// gain is how much faster than the default another setting must be to be called best. Short trials differ by
// some percent without a reason.
const gain = 1.05

// busyShare is the share of the processors' time above which a run does not wait for anything else.
const busyShare = 0.75

// A Setting is one way to run a model, and its speed.
type Setting struct {
	Device    string  `json:"device"`
	Precision string  `json:"precision"`
	Jobs      int     `json:"jobs"`
	Batch     int     `json:"batch"`
	Rate      float64 `json:"rate"` // images per second
}

// Options are those of translate that choose a setting.
func (s Setting) Options() string {
	return fmt.Sprintf("--device %s --precision %s --jobs %d --batch %d", s.Device, s.Precision, s.Jobs, s.Batch)
}

// A Result is what was measured for one set.
type Result struct {
	Images string             `json:"images"`
	Device string             `json:"device"` // the device that ran the network by default, and its precision
	Rate   float64            `json:"rate"`
	Millis map[string]float64 `json:"ms"`    // per image, by stage
	Busy   float64            `json:"busy"`  // share of the processors' time, 0 to 1
	Limit  string             `json:"limit"` // a stage, waiting or other programs
	Trials []Setting          `json:"trials"`
	Best   Setting            `json:"best"`
}

// A Measurement is what one run took.
type Measurement struct {
	Images    int
	Stage     map[string]time.Duration // summed over the images
	took, cpu time.Duration
	others    time.Duration // of the processors, used by other programs
	start     time.Time
	machine   time.Duration
}

// Begin starts the clocks of a run.
func Begin() *Measurement {
	return &Measurement{Stage: map[string]time.Duration{}, start: time.Now(), cpu: processorTime(), machine: machineTime()}
}

// Add counts an image that has passed all stages. The time for a batch is shared equally by its images. Sync does not
// count: it waits for the disk, for a whole group of images.
func (m *Measurement) Add(spans []pipeline.Span) {
	m.Images++
	for _, s := range spans {
		if s.Stage != "sync" {
			m.Stage[s.Stage] += s.Took / time.Duration(max(1, s.Items))
		}
	}
}

// Elapsed is the time since Begin.
func (m *Measurement) Elapsed() time.Duration { return time.Since(m.start) }

// End stops the clocks.
func (m *Measurement) End() {
	m.took, m.cpu = m.Elapsed(), processorTime()-m.cpu
	m.others = max(0, machineTime()-m.machine-m.cpu)
}

// Rate is the speed in images per second.
func (m *Measurement) Rate() float64 { return rounded(float64(m.Images) / m.took.Seconds()) }

func rounded(x float64) float64 { return math.Round(x*1000) / 1000 }

// Limit ends a measurement and says what limited the run: a stage, waiting or other programs, or "" if no image has passed.
// provider is what runs the network.
func (m *Measurement) Limit(provider string) string {
	m.End()
	if len(m.Stage) == 0 {
		return ""
	}
	return m.Result("", provider).Limit
}

// Result describes a measurement of the default setting.
func (m *Measurement) Result(images, provider string) Result {
	r := Result{Images: images, Device: provider, Rate: m.Rate(), Millis: map[string]float64{}}
	for stage, sum := range m.Stage {
		r.Millis[stage] = rounded(sum.Seconds() * 1000 / float64(m.Images))
	}
	all := m.took.Seconds() * float64(runtime.NumCPU())
	r.Busy = rounded(min(1, m.cpu.Seconds()/all))
	r.Limit = limitOf(r.Millis, r.Busy, m.others.Seconds()/all, provider)
	return r
}

// limitOf says what limits a run: the stage that takes longest, if the run kept the processors busy or if
// that stage is the network on a GPU. Else it is other programs if they used the processors, or waiting,
// mostly for a disk. busy and others are shares of the processors' time.
func limitOf(millis map[string]float64, busy, others float64, provider string) string {
	names := slices.Sorted(maps.Keys(millis))
	longest := slices.MaxFunc(names, func(a, b string) int { return cmp.Compare(millis[a], millis[b]) })
	switch {
	case busy >= busyShare, longest == "translate" && strings.HasPrefix(provider, "cuda"):
		return longest
	case busy+others >= busyShare:
		return "other programs"
	}
	return "waiting"
}

// Try adds the speed of another setting, and keeps the setting if it is clearly faster than the best so far.
func (r *Result) Try(s Setting) {
	r.Trials = append(r.Trials, s)
	if s.Rate > gain*r.Best.Rate {
		r.Best = s
	}
}

// tableStages are the columns of the table, in the order of the line.
var tableStages = []string{"open", "compare", "decode", "resize", "classify", "translate", "check", "detail", "encode"}

// Print prints a result, and before the first one the heading.
func (r Result) Print(out io.Writer, first, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	var err error
	if first {
		_, err = fmt.Fprintf(out, "images\timages/s\t%s\tbusy\tlimit\tbest\n", strings.Join(tableStages, "\t"))
	}
	if err != nil {
		return err
	}
	var millis []string
	for _, stage := range tableStages {
		millis = append(millis, fmt.Sprintf("%.1f", r.Millis[stage]))
	}
	best := "as it is"
	if r.Best != r.Trials[0] {
		best = fmt.Sprintf("%s (%.1f images/s)", r.Best.Options(), r.Best.Rate)
	}
	_, err = fmt.Fprintf(out, "%s\t%.1f\t%s\t%.0f %%\t%s\t%s\n", r.Images, r.Rate, strings.Join(millis, "\t"), 100*r.Busy, r.Limit, best)
	return err
}
