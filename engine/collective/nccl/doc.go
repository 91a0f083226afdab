// Package nccl links the GPUs of the ranks of a run by NVIDIA's NCCL, which moves memory from card to card: by NVLink, PCI
// or the network. The machine's library is bound when it is first asked for; nothing of NCCL is needed to build gangpu.
// NCCL computes nothing here: gangpu adds what has come, in its own order.
//
// Without the build tag gpu there is no NCCL.
package nccl

import (
	"fmt"
	"time"

	"gangpu/engine/collective"
)

// Library is the file that is bound, where the system's loader looks for it, if [Use] names no other.
const Library = "libnccl.so.2"

// join has a group's ranks agree to use NCCL: version and reason are this rank's version of it, or why it has none, id makes
// the name that they find each other by, and begin joins them under it. It returns why they do not, the same on all ranks;
// empty if they do.
func join(g collective.Group, limit time.Duration, version, reason string,
	id func() ([]byte, error), begin func(id []byte) error) (why string, err error) {
	if why, err = refusal(g, limit, version, reason); why != "" || err != nil {
		return why, err
	}
	var name []byte
	if g.Rank() == 0 {
		if name, err = id(); err != nil {
			reason = err.Error()
		}
	}
	if name, err = collective.Broadcast(g, limit, name); err != nil {
		return "", err
	}
	if len(name) > 0 {
		if err := begin(name); err != nil {
			reason = err.Error()
		}
	}
	// Ranks that began wait for those that failed to, as long as the limit.
	return refusal(g, 2*limit, "", reason)
}

// refusal is the first rank's reason not to use NCCL, on all ranks, or that their versions differ.
func refusal(g collective.Group, limit time.Duration, version, reason string) (string, error) {
	all, err := collective.Gather(g, limit, []byte(version+"\x00"+reason))
	if err != nil {
		return "", err
	}
	for rank, of := range all {
		var v, why string
		for i, b := range of {
			if b == 0 {
				v, why = string(of[:i]), string(of[i+1:])
				break
			}
		}
		if rank == 0 {
			version = v
		}
		if why == "" && v != version {
			why = fmt.Sprintf("it has version %s, rank 0 %s", v, version)
		}
		if why != "" {
			return fmt.Sprintf("%s: %s", collective.RankName(rank, g.Host(rank)), why), nil
		}
	}
	return "", nil
}
