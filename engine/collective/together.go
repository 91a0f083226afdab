package collective

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// piece is the most bytes that are sent at once: lengths of some libraries have 32 bits.
const piece = 64 << 20

// Gather has what each rank brings, in the order of ranks, on all of them.
func Gather(g Group, limit time.Duration, mine []byte) ([][]byte, error) {
	n := g.Size()
	if uint64(len(mine)) > piece {
		return nil, fmt.Errorf("gathering %d bytes of rank %d: want at most %d", len(mine), g.Rank(), piece)
	}
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(mine)))
	lengths, all := slices.Repeat([][]byte{nil}, n), make([][]byte, n)
	for i := range n {
		lengths[i] = make([]byte, 8)
	}
	if err := g.Exchange(limit, slices.Repeat([][]byte{length}, n), lengths); err != nil {
		return nil, err
	}
	for i := range n {
		all[i] = make([]byte, binary.LittleEndian.Uint64(lengths[i]))
	}
	if err := g.Exchange(limit, slices.Repeat([][]byte{mine}, n), all); err != nil {
		return nil, err
	}
	all[g.Rank()] = slices.Clone(mine)
	return all, nil
}

// Broadcast returns on all ranks what rank 0 brings.
func Broadcast(g Group, limit time.Duration, data []byte) ([]byte, error) {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	if err := BroadcastFrom(g, limit, 0, length); err != nil {
		return nil, err
	}
	if g.Rank() > 0 {
		data = make([]byte, binary.LittleEndian.Uint64(length))
	}
	return data, BroadcastFrom(g, limit, 0, data)
}

// BroadcastFrom fills the data of all ranks, which have the same length, with those of one.
func BroadcastFrom(g Group, limit time.Duration, root int, data []byte) error {
	send, recv := make([][]byte, g.Size()), make([][]byte, g.Size())
	for at := 0; at < len(data); at += piece {
		b := data[at:min(at+piece, len(data))]
		if g.Rank() == root {
			for i := range send {
				send[i] = b
			}
		} else {
			recv[root] = b
		}
		if err := g.Exchange(limit, send, recv); err != nil {
			return err
		}
	}
	return nil
}

// Share has all ranks know whether one of them has an error: each gets a *SharedError then, of the first rank that has
// one; those that have one themselves, of their own.
func Share(g Group, limit time.Duration, mine error) error {
	text := ""
	if mine != nil {
		text = mine.Error()
	}
	all, err := Gather(g, limit, []byte(text))
	if err != nil {
		return errors.Join(mine, err)
	}
	if mine != nil {
		return &SharedError{g.Rank(), g.Host(g.Rank()), mine}
	}
	for i, of := range all {
		if len(of) > 0 {
			return &SharedError{i, g.Host(i), errors.New(string(of))}
		}
	}
	return nil
}

// Fact is something that all ranks of a run have to have alike.
type Fact struct{ Name, Value string }

// Agree is the same *SharedError on all ranks if the facts of some are not those of rank 0: it names the ranks, the
// first fact that differs, and what they have.
func Agree(g Group, limit time.Duration, facts []Fact) error {
	var mine strings.Builder
	for _, f := range facts {
		fmt.Fprintf(&mine, "%s\x00%s\x01", f.Name, f.Value)
	}
	all, err := Gather(g, limit, []byte(mine.String()))
	if err != nil {
		return err
	}
	parse := func(text []byte) (facts []Fact) {
		for _, line := range strings.Split(strings.TrimSuffix(string(text), "\x01"), "\x01") {
			name, value, _ := strings.Cut(line, "\x00")
			facts = append(facts, Fact{name, value})
		}
		return facts
	}
	first := parse(all[0])
	for i, f := range first {
		odd, value := -1, ""
		var names []string
		for rank := range all {
			of := parse(all[rank])
			if i < len(of) && of[i] == f {
				continue
			}
			if odd < 0 {
				if odd = rank; i < len(of) {
					value = of[i].Value
				}
			}
			names = append(names, RankName(rank, g.Host(rank)))
		}
		if odd >= 0 {
			return &SharedError{-1, "", &DisagreementError{Fact: f.Name, First: f.Value, Ranks: names, Value: value}}
		}
	}
	return nil
}

// DisagreementError is ranks that are not like rank 0.
type DisagreementError struct {
	Fact         string
	First, Value string // of rank 0, and of the first of the ranks
	Ranks        []string
}

func (e *DisagreementError) Error() string {
	has := "has"
	if len(e.Ranks) > 1 {
		has = "have"
	}
	ranks := strings.Join(e.Ranks, " and ")
	return fmt.Sprintf("%s %s another %s than rank 0: %s instead of %s", ranks, has, e.Fact, e.Value, e.First)
}
