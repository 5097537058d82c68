package bench

import "slices"

// OtherJobs are numbers of jobs to try beside the default.
func OtherJobs(standard int) []int {
	list := []int{max(1, standard/2), standard + 1, 2 * standard}
	return slices.DeleteFunc(slices.Compact(list), func(n int) bool { return n == standard })
}

// OtherBatches are sizes of batches to try beside the default.
func OtherBatches(standard int) []int {
	if standard == 1 {
		return []int{2, 4}
	}
	return []int{standard / 2, 2 * standard}
}
