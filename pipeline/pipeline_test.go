package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gtx/pipeline"
)

var errOdd = errors.New("odd")

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// jitter makes workers overtake one another.
func jitter() { time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond) }

func double(_ context.Context, n int) (int, error) {
	jitter()
	return 2 * n, nil
}

func text(_ context.Context, batch []int) ([]string, error) {
	jitter()
	out := make([]string, len(batch))
	for i, n := range batch {
		out[i] = strconv.Itoa(n)
	}
	return out, nil
}

func one(int) struct{} { return struct{}{} }

func TestEveryItemArrivesOnceInOrder(t *testing.T) {
	for _, items := range []int{0, 1, 7, 200} {
		for _, workers := range []int{1, 3, 16} {
			for _, size := range []int{1, 4, 64} {
				for _, limit := range []int{1, 5, 100} {
					name := fmt.Sprintf("items=%d,workers=%d,batch=%d,limit=%d", items, workers, size, limit)
					t.Run(name, func(t *testing.T) {
						line := pipeline.New(t.Context(), limit)
						doubled := pipeline.Each(pipeline.From(line, count(items)), "double", workers, double)
						written := pipeline.Batch(doubled, "text",
							pipeline.Batching[int, int]{Size: size, Workers: workers, Key: func(n int) int { return n % 3 }}, text)
						var got []string
						err := pipeline.Drain(written, func(it pipeline.Item[int, string]) error {
							if it.Err != nil || it.Source != len(got) || it.Seq != len(got) {
								t.Errorf("item %d: source %d, err %v", it.Seq, it.Source, it.Err)
							}
							got = append(got, it.Value)
							return nil
						})
						if err != nil {
							t.Fatal(err)
						}
						if len(got) != items {
							t.Fatalf("%d items, want %d", len(got), items)
						}
						for i, s := range got {
							if s != strconv.Itoa(2*i) {
								t.Errorf("item %d is %s", i, s)
							}
						}
					})
				}
			}
		}
	}
}

func TestErrorEndsOnlyItsItem(t *testing.T) {
	line := pipeline.New(t.Context(), 8)
	even := pipeline.Each(pipeline.From(line, count(20)), "even", 3, func(_ context.Context, n int) (int, error) {
		if n%2 == 1 {
			return 0, errOdd
		}
		return n, nil
	})
	after := pipeline.Each(even, "after", 3, func(_ context.Context, n int) (int, error) {
		if n%2 == 1 {
			t.Errorf("a later stage saw the failed item %d", n)
		}
		return n, nil
	})
	err := pipeline.Drain(after, func(it pipeline.Item[int, int]) error {
		var failed *pipeline.Error
		switch {
		case it.Source%2 == 0 && it.Err != nil:
			t.Errorf("item %d: %v", it.Source, it.Err)
		case it.Source%2 == 0 && len(it.Spans) != 2:
			t.Errorf("item %d has spans %v", it.Source, it.Spans)
		case it.Source%2 == 1 && (!errors.As(it.Err, &failed) || failed.Stage != "even" || !errors.Is(it.Err, errOdd)):
			t.Errorf("item %d: error %v", it.Source, it.Err)
		case it.Source%2 == 1 && len(it.Spans) != 1:
			t.Errorf("failed item %d has spans %v", it.Source, it.Spans)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBatchErrorFailsOnlyTheItemsAtFault(t *testing.T) {
	line := pipeline.New(t.Context(), 64)
	summed := pipeline.Batch(pipeline.From(line, count(64)), "sum",
		pipeline.Batching[int, struct{}]{Size: 16, Workers: 2, Key: one},
		func(_ context.Context, batch []int) ([]int, error) {
			if slices.Contains(batch, 5) || slices.Contains(batch, 40) {
				return nil, errOdd
			}
			return batch, nil
		})
	var failed []int
	err := pipeline.Drain(summed, func(it pipeline.Item[int, int]) error {
		if it.Err != nil {
			failed = append(failed, it.Source)
		} else if it.Value != it.Source {
			t.Errorf("item %d became %d", it.Source, it.Value)
		}
		return nil
	})
	if err != nil || !slices.Equal(failed, []int{5, 40}) {
		t.Fatalf("failed items %v, error %v", failed, err)
	}
}

func TestBatchWithTooFewResultsIsAnError(t *testing.T) {
	line := pipeline.New(t.Context(), 4)
	short := pipeline.Batch(pipeline.From(line, count(3)), "short",
		pipeline.Batching[int, struct{}]{Size: 4, Workers: 1, Key: one},
		func(context.Context, []int) ([]int, error) { return nil, nil })
	failures := 0
	err := pipeline.Drain(short, func(it pipeline.Item[int, int]) error {
		if it.Err != nil {
			failures++
		}
		return nil
	})
	if err != nil || failures != 3 {
		t.Fatalf("%d failures, error %v", failures, err)
	}
}

// A batch has one key and at most the given size. Batches fill up while the only
// worker is busy.
func TestBatchesShareAKeyAndGrowUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 8
		var sizes []int
		line := pipeline.New(t.Context(), 64)
		batched := pipeline.Batch(pipeline.From(line, count(64)), "batch",
			pipeline.Batching[int, int]{Size: size, Workers: 1, Key: func(n int) int { return n % 2 }},
			func(_ context.Context, batch []int) ([]int, error) {
				time.Sleep(time.Second)
				sizes = append(sizes, len(batch))
				for _, n := range batch {
					if n%2 != batch[0]%2 {
						t.Errorf("mixed batch %v", batch)
					}
				}
				return batch, nil
			})
		if err := pipeline.Drain(batched, func(pipeline.Item[int, int]) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if slices.Max(sizes) != size {
			t.Errorf("batches of %v, want none above %d and some of it", sizes, size)
		}
		// 64 items, one call before the rest had gathered: nine or ten calls.
		if len(sizes) > 11 {
			t.Errorf("%d calls: %v", len(sizes), sizes)
		}
	})
}

// With an endless source each item leaves although no other has come yet.
func TestItemLeavesBeforeTheNextArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arrived := make(chan int)
		line := pipeline.New(t.Context(), 16)
		flow := pipeline.Each(pipeline.From(line, func(yield func(int) bool) {
			for n := range 3 {
				if !yield(n) {
					return
				}
				synctest.Wait() // the line is idle: all that can happen has happened
				select {
				case got := <-arrived:
					if got != n {
						t.Errorf("got %d, want %d", got, n)
					}
				default:
					t.Errorf("item %d waits for input that has not come", n)
				}
			}
		}), "double", 4, func(_ context.Context, n int) (int, error) { return n, nil })
		batched := pipeline.Batch(flow, "batch", pipeline.Batching[int, struct{}]{Size: 8, Workers: 2, Key: one},
			func(_ context.Context, b []int) ([]int, error) { return b, nil })
		err := pipeline.Drain(batched, func(it pipeline.Item[int, int]) error {
			arrived <- it.Value
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestNoMoreThanTheLimitIsInFlight(t *testing.T) {
	const limit = 6
	var now, most atomic.Int32
	line := pipeline.New(t.Context(), limit)
	enter := pipeline.Each(pipeline.From(line, count(200)), "enter", 16, func(_ context.Context, n int) (int, error) {
		v := now.Add(1)
		for old := most.Load(); v > old && !most.CompareAndSwap(old, v); old = most.Load() {
		}
		return double(t.Context(), n)
	})
	leave := pipeline.Each(enter, "leave", 16, func(_ context.Context, n int) (int, error) {
		jitter()
		now.Add(-1)
		return n, nil
	})
	if err := pipeline.Drain(leave, func(pipeline.Item[int, int]) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if most.Load() > limit {
		t.Errorf("%d items in flight, limit %d", most.Load(), limit)
	}
}

// A slow item must not idle the other workers: later ones overtake it inside.
func TestSlowItemDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		line := pipeline.New(t.Context(), 2)
		flow := pipeline.Each(pipeline.From(line, count(11)), "sleep", 2, func(_ context.Context, n int) (int, error) {
			if n == 0 {
				time.Sleep(10 * time.Second)
			} else {
				time.Sleep(time.Second)
			}
			return n, nil
		})
		if err := pipeline.Drain(flow, func(pipeline.Item[int, int]) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("took %v, want 10s", took)
		}
	})
}

func TestErrorsFailOnlyTheirItemsAndTheBatchIsNotTriedAgain(t *testing.T) {
	calls := 0
	line := pipeline.New(t.Context(), 8)
	batched := pipeline.Batch(pipeline.From(line, count(8)), "odd", pipeline.Batching[int, struct{}]{Size: 8, Workers: 1, Key: one},
		func(_ context.Context, batch []int) ([]int, error) {
			calls += len(batch)
			errs := make(pipeline.Errors, len(batch))
			for i, n := range batch {
				if n%2 == 1 {
					errs[i] = errOdd
				}
			}
			return batch, errs.Or()
		})
	err := pipeline.Drain(batched, func(it pipeline.Item[int, int]) error {
		if odd := it.Seq%2 == 1; odd != errors.Is(it.Err, errOdd) || !odd && it.Value != it.Seq {
			t.Errorf("%d: %v, %v", it.Seq, it.Value, it.Err)
		}
		return nil
	})
	if err != nil || calls != 8 {
		t.Errorf("%v, %d items", err, calls)
	}
}

// While one item blocks a light stage, more items than the line's limit pass the stage before it, and all of them
// come out.
func TestLightItemsDoNotCountAgainstTheLimit(t *testing.T) {
	const limit, items = 2, 20
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	line := pipeline.New(ctx, limit)
	var passed atomic.Int32
	before := pipeline.Each(pipeline.From(line, count(items)), "before", 1, func(_ context.Context, n int) (int, error) {
		passed.Add(1)
		return n, nil
	})
	light := pipeline.Batch(before, "light", pipeline.Batching[int, struct{}]{Size: 4, Workers: 1, Key: one, Light: true},
		func(ctx context.Context, batch []int) ([]int, error) {
			for passed.Load() < items {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				runtime.Gosched()
			}
			return batch, nil
		})
	seen := 0
	err := pipeline.Drain(light, func(it pipeline.Item[int, int]) error {
		if it.Err != nil || it.Value != seen {
			t.Errorf("%+v", it)
		}
		seen++
		return nil
	})
	if err != nil || seen != items {
		t.Errorf("%v, %d items", err, seen)
	}
}

func TestCancelAbortsAndLeaksNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stop")
		line := pipeline.New(ctx, 8)
		endless := func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
			}
		}
		flow := pipeline.Each(pipeline.From(line, endless), "double", 3, double)
		batched := pipeline.Batch(flow, "text", pipeline.Batching[int, struct{}]{Size: 4, Workers: 2, Key: one}, text)
		err := pipeline.Drain(batched, func(it pipeline.Item[int, string]) error {
			if it.Seq == 10 {
				cancel(stop)
			}
			return nil
		})
		if !errors.Is(err, stop) {
			t.Fatalf("error %v, want the cause of the cancellation", err)
		}
	}
	for range 50 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestSinkErrorEndsTheRun(t *testing.T) {
	line := pipeline.New(t.Context(), 4)
	seen := 0
	err := pipeline.Drain(pipeline.Each(pipeline.From(line, count(1000)), "double", 2, double),
		func(pipeline.Item[int, int]) error {
			seen++
			if seen == 3 {
				return errOdd
			}
			return nil
		})
	if !errors.Is(err, errOdd) || seen != 3 {
		t.Fatalf("error %v after %d items", err, seen)
	}
}

func TestEndingTheSourceDrainsWhatWasRead(t *testing.T) {
	stopped := make(chan struct{})
	line := pipeline.New(t.Context(), 8)
	read, delivered := 0, 0
	source := func(yield func(int) bool) {
		for ; ; read++ {
			select {
			case <-stopped:
				return
			default:
			}
			if !yield(read) {
				return
			}
		}
	}
	err := pipeline.Drain(pipeline.Each(pipeline.From(line, source), "double", 4, double),
		func(pipeline.Item[int, int]) error {
			delivered++
			if delivered == 25 {
				close(stopped)
			}
			return nil
		})
	if err != nil || delivered != read {
		t.Fatalf("read %d, delivered %d, error %v", read, delivered, err)
	}
}

func Example() {
	line := pipeline.New(context.Background(), 8)
	words := pipeline.From(line, slices.Values([]string{"summer", "", "winter"}))
	sizes := pipeline.Each(words, "measure", 2, func(_ context.Context, w string) (int, error) {
		if w == "" {
			return 0, errors.New("no letters")
		}
		return len(w), nil
	})
	err := pipeline.Drain(sizes, func(it pipeline.Item[string, int]) error {
		fmt.Printf("%q %d %v\n", it.Source, it.Value, it.Err)
		return nil
	})
	fmt.Println(err)
	// Output:
	// "summer" 6 <nil>
	// "" 0 measure: no letters
	// "winter" 6 <nil>
	// <nil>
}

// BenchmarkOverhead measures the cost of the line itself per item: two pools and a batch.
func BenchmarkOverhead(b *testing.B) {
	pass := func(_ context.Context, n int) (int, error) { return n, nil }
	line := pipeline.New(b.Context(), 64)
	flow := pipeline.Each(pipeline.From(line, count(b.N)), "a", 4, pass)
	batched := pipeline.Batch(flow, "b", pipeline.Batching[int, struct{}]{Size: 8, Workers: 2, Key: one},
		func(_ context.Context, batch []int) ([]int, error) { return batch, nil })
	last := pipeline.Each(batched, "c", 4, pass)
	b.ReportAllocs()
	if err := pipeline.Drain(last, func(pipeline.Item[int, int]) error { return nil }); err != nil {
		b.Fatal(err)
	}
}

// What had passed the last stage when the run was aborted is not lost, although an item before it was.
func TestCollectTellsWhatIsDoneAfterAnAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		line := pipeline.New(ctx, 8)
		flow := pipeline.Each(pipeline.From(line, count(5)), "work", 8, func(ctx context.Context, i int) (int, error) {
			if i == 1 || i == 3 {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			if i == 4 { // it is done after the abort
				<-ctx.Done()
				time.Sleep(time.Second)
			}
			return i, nil
		})
		go func() {
			synctest.Wait()
			cancel()
		}()
		var got, arrived []int
		err := pipeline.Collect(flow, func(it pipeline.Item[int, int]) { arrived = append(arrived, it.Value) },
			func(it pipeline.Item[int, int]) error {
				got = append(got, it.Value)
				return nil
			})
		slices.Sort(arrived)
		if !errors.Is(err, context.Canceled) || !slices.Equal(got, []int{0}) || !slices.Equal(arrived, []int{0, 2, 4}) {
			t.Errorf("in order %v, arrived %v, %v", got, arrived, err)
		}
	})
}

func TestCollectTellsWhatIsDoneWhenTheSinkFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := pipeline.New(t.Context(), 8)
		flow := pipeline.Each(pipeline.From(line, count(4)), "work", 8, func(ctx context.Context, i int) (int, error) {
			time.Sleep([]time.Duration{5, 4, 1, 9}[i] * time.Second) // two before the sink fails, one after
			return i, nil
		})
		var arrived []int
		err := pipeline.Collect(flow, func(it pipeline.Item[int, int]) { arrived = append(arrived, it.Value) },
			func(it pipeline.Item[int, int]) error { return errOdd })
		slices.Sort(arrived)
		if !errors.Is(err, errOdd) || !slices.Equal(arrived, []int{0, 1, 2, 3}) {
			t.Errorf("arrived %v, %v", arrived, err)
		}
	})
}

// A batch that was done in part when the run was aborted is told in part.
func TestCollectTellsWhatIsDoneOfABatch(t *testing.T) {
	for range 20 { // an item with an error is sent or not, up to chance
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			line := pipeline.New(ctx, 8)
			batching := pipeline.Batching[int, int]{Size: 3, Workers: 1, Key: func(int) int { return 0 }}
			source := func(yield func(int) bool) {
				for i := range 4 {
					if !yield(i) {
						return
					}
					time.Sleep(time.Millisecond) // the first is a batch of its own, and the others gather
				}
			}
			flow := pipeline.Batch(pipeline.From(line, source), "work", batching, func(_ context.Context, in []int) ([]int, error) {
				time.Sleep(time.Second)
				if in[0] == 0 {
					return in, nil
				}
				cancel()
				return in, pipeline.Errors{errOdd, nil, nil}
			})
			var arrived []int
			pipeline.Collect(flow, func(it pipeline.Item[int, int]) { arrived = append(arrived, it.Value) },
				func(pipeline.Item[int, int]) error { return nil })
			if !slices.Equal(arrived, []int{0, 2, 3}) {
				t.Errorf("arrived %v", arrived)
			}
		})
	}
}
