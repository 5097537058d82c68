// Package kubernetes tests the manifest in docs/cluster.md. It is a module of its own, so that gtx does not depend on
// Kubernetes.
package kubernetes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// manifest decodes the Job in docs/cluster.md. A field that the API does not have is an error, and so is one twice.
func manifest(t *testing.T) (job batch.Job) {
	t.Helper()
	page, err := os.ReadFile("../../docs/cluster.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("%d manifests", len(found))
	}
	if err := yaml.UnmarshalStrict(found[0][1], &job); err != nil {
		t.Fatal(err)
	}
	return job
}

// The types know nothing of rules between fields. These are the ones of the API server that matter here.
func TestManifestKeepsTheRulesOfIndexedJobs(t *testing.T) {
	job := manifest(t)
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || job.Name == "" {
		t.Errorf("%s %s %q", job.APIVersion, job.Kind, job.Name)
	}
	spec := job.Spec
	if spec.CompletionMode == nil || *spec.CompletionMode != batch.IndexedCompletion || spec.Completions == nil || spec.Parallelism == nil {
		t.Error("not an Indexed Job with completions and parallelism")
	}
	if spec.BackoffLimitPerIndex == nil || spec.BackoffLimit != nil {
		t.Error("backoffLimitPerIndex is needed for FailIndex, and backoffLimit would end all indices")
	}
	pod := spec.Template.Spec
	if pod.RestartPolicy != core.RestartPolicyNever {
		t.Error("podFailurePolicy and backoffLimitPerIndex need restartPolicy Never")
	}
	if spec.PodReplacementPolicy == nil || *spec.PodReplacementPolicy != batch.Failed {
		t.Error("podFailurePolicy needs podReplacementPolicy Failed")
	}
	if *pod.TerminationGracePeriodSeconds < 30 {
		t.Error("too little time to finish what is under way")
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if !slices.ContainsFunc(pod.Volumes, func(v core.Volume) bool { return v.Name == mount.Name }) {
			t.Errorf("no volume %s", mount.Name)
		}
	}
}

func TestManifestMapsExitCodes(t *testing.T) {
	job := manifest(t)
	container := job.Spec.Template.Spec.Containers[0]
	action := func(code int32) batch.PodFailurePolicyAction {
		for _, rule := range job.Spec.PodFailurePolicy.Rules {
			on := rule.OnExitCodes
			if on == nil || on.ContainerName != nil && *on.ContainerName != container.Name {
				continue
			}
			if !slices.IsSorted(on.Values) || slices.Contains(on.Values, 0) {
				t.Errorf("%v must be ascending and without 0", on.Values)
			}
			if slices.Contains(on.Values, code) == (on.Operator == batch.PodFailurePolicyOnExitCodesOpIn) {
				return rule.Action
			}
		}
		return batch.PodFailurePolicyActionCount
	}
	for code, want := range map[int32]batch.PodFailurePolicyAction{
		1: batch.PodFailurePolicyActionFailIndex, 2: batch.PodFailurePolicyActionFailIndex, 3: batch.PodFailurePolicyActionFailIndex,
		5: batch.PodFailurePolicyActionCount, 134: batch.PodFailurePolicyActionCount, 137: batch.PodFailurePolicyActionCount, 143: batch.PodFailurePolicyActionCount,
	} {
		if got := action(code); got != want {
			t.Errorf("exit code %d: %s, not %s", code, got, want)
		}
	}
	disruption := job.Spec.PodFailurePolicy.Rules[0]
	if disruption.Action != batch.PodFailurePolicyActionIgnore || disruption.OnPodConditions[0].Type != core.DisruptionTarget {
		t.Errorf("evicted pods count: %+v", disruption)
	}
}

// The container's command does every shard of a plan, given the index as Kubernetes gives it.
func TestManifestRunsEveryShard(t *testing.T) {
	library, err := filepath.Abs("../../build/lib/libonnxruntime.so.1")
	if err != nil {
		t.Fatal(err)
	}
	if set := os.Getenv("GTX_ONNXRUNTIME"); set != "" {
		library = set
	}
	dir := t.TempDir()
	gtx := filepath.Join(dir, "gtx")
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", gtx, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	photo, err := os.ReadFile("../../docs/seasons.jpg")
	if err != nil {
		t.Fatal(err)
	}
	model, err := filepath.Abs("../../testdata/models/shift.onnx")
	if err != nil {
		t.Fatal(err)
	}
	run := func(index int, command ...string) {
		t.Helper()
		c := exec.Command(command[0], command[1:]...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GTX_ONNXRUNTIME="+library, "GTX_PER_SHARD=1", "GTX_MODEL="+model, "JOB_COMPLETION_INDEX="+strconv.Itoa(index))
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	const shards = 3
	for i := range shards {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)+".jpg"), photo, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run(0, gtx, "plan", "-o", "plan", "0.jpg", "1.jpg", "2.jpg")
	command := manifest(t).Spec.Template.Spec.Containers[0].Command
	if command[0] != "gtx" {
		t.Fatal(command)
	}
	for i := range shards {
		run(i, append([]string{gtx}, command[1:]...)...)
	}
	out, err := exec.Command(gtx, "plan", "status", filepath.Join(dir, "plan")).Output()
	if err != nil || !strings.HasSuffix(string(out), ": 3 done (3 translated)\n") {
		t.Errorf("%s%v", out, err)
	}
	var header struct{ Shard int }
	text, err := os.ReadFile(filepath.Join(dir, "plan", "done", "00002.jsonl"))
	if err == nil {
		err = json.NewDecoder(strings.NewReader(string(text))).Decode(&header)
	}
	if err != nil || header.Shard != 2 {
		t.Errorf("%+v %v", header, err)
	}
}
