package paths

import "hash/maphash"

// claims remembers in what order paths were claimed. It keeps their hashes alone, in 13 to 19 bytes for each. Two paths
// have the same hash with a probability of 2^-64, and nobody can choose paths that do.
type claims struct {
	seed   maphash.Seed
	hashes []uint64 // in order
	table  []uint32 // 1 + the index of a hash, at a place that the hash determines; 0: empty, as at least a quarter are
}

// place is where the index of a hash is in the table, or would be.
func (c *claims) place(hash uint64) int {
	mask := uint64(len(c.table) - 1) // a power of two less one
	at := hash & mask
	for c.table[at] != 0 && c.hashes[c.table[at]-1] != hash {
		at = (at + 1) & mask
	}
	return int(at)
}

// number is the number of a path in the order of the claims, or -1 if it is not claimed.
func (c *claims) number(path string) int {
	if len(c.table) == 0 {
		return -1
	}
	return int(c.table[c.place(maphash.String(c.seed, path))]) - 1
}

// add claims a path that is not claimed.
func (c *claims) add(path string) {
	if c.table == nil {
		c.seed = maphash.MakeSeed()
	}
	c.hashes = append(c.hashes, maphash.String(c.seed, path))
	if 4*len(c.hashes) > 3*len(c.table) {
		c.table = make([]uint32, max(64, 2*len(c.table)))
		for i, hash := range c.hashes {
			c.table[c.place(hash)] = uint32(i + 1)
		}
		return
	}
	c.table[c.place(c.hashes[len(c.hashes)-1])] = uint32(len(c.hashes))
}
