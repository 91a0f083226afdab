package hdf5

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"gangpu/internal/hostmemory"
)

// Read reads the file at path. Errors name it. Attributes that are no strings are left out.
func Read(path string) (*Group, error) {
	data, err := hostmemory.ReadFile(path)
	if err != nil {
		return nil, err
	}
	root, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return root, nil
}

var errLatest = errors.New("a file in HDF5's latest format, which is not supported: write it without libver='latest'")

// Decode reads a file's content: the superblock (II.A), then the objects from the root.
func Decode(data []byte) (*Group, error) {
	r := &reader{data: data, seen: map[uint64]bool{}}
	b, err := r.bytes(0, superblockSize, "superblock")
	if err != nil || string(b[:len(signature)]) != signature {
		return nil, errors.New("not an HDF5 file")
	}
	if b[8] > 0 {
		return nil, errLatest
	}
	if b[13] != 8 || b[14] != 8 || le.Uint64(b[24:]) != 0 {
		return nil, fmt.Errorf("an HDF5 file of %d-byte offsets, %d-byte lengths and base %d, want 8, 8 and 0", b[13], b[14], le.Uint64(b[24:]))
	}
	if end := le.Uint64(b[40:]); end > uint64(len(data)) {
		return nil, fmt.Errorf("truncated: %d of %d bytes", len(data), end)
	}
	group, _, err := r.object(le.Uint64(b[64:]))
	if err == nil && group == nil {
		err = errors.New("the root is no group")
	}
	return group, err
}

// reader follows addresses through a file. It meets each part of its tree once: a second time would
// be a loop, or a hard link, of which the files that it is for have none.
type reader struct {
	data []byte
	seen map[uint64]bool
}

// bytes returns n bytes at an address; what names them in errors.
func (r *reader) bytes(at, n uint64, what string) ([]byte, error) {
	if size := uint64(len(r.data)); at > size || n > size-at {
		return nil, fmt.Errorf("damaged: %s at byte %d leaves the file", what, at)
	}
	return r.data[at:][:n:n], nil
}

// signed returns n bytes at an address that begin with a signature.
func (r *reader) signed(at, n uint64, signature, what string) ([]byte, error) {
	b, err := r.bytes(at, n, what)
	if err == nil && string(b[:len(signature)]) != signature {
		err = fmt.Errorf("damaged: no %s at byte %d", what, at)
	}
	return b, err
}

func (r *reader) visit(at uint64) error {
	if r.seen[at] {
		return fmt.Errorf("what is at byte %d is linked twice, which is not supported", at)
	}
	r.seen[at] = true
	return nil
}

// object reads the group or dataset whose header is at an address.
func (r *reader) object(at uint64) (*Group, *Dataset, error) {
	if err := r.visit(at); err != nil {
		return nil, nil, err
	}
	messages, err := r.messages(at)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range messages {
		switch m.kind {
		case messageSymbolTable:
			g, err := r.group(messages, m.data)
			return g, nil, err
		case messageLayout:
			d, err := r.dataset(messages, m.data)
			return nil, d, err
		}
	}
	return nil, nil, fmt.Errorf("the object at byte %d is neither a group with a symbol table nor a dataset", at)
}

type headerMessage struct {
	kind uint16
	data []byte
}

// messages lists those of an object header (IV.A.1.a) and its continuations (IV.A.2.q).
func (r *reader) messages(at uint64) ([]headerMessage, error) {
	b, err := r.bytes(at, objectPrefix, "object header")
	if err != nil {
		return nil, err
	}
	if string(b[:4]) == "OHDR" {
		return nil, errLatest
	}
	if b[0] != 1 {
		return nil, fmt.Errorf("damaged: no object header at byte %d", at)
	}
	type block struct{ at, size uint64 }
	blocks := []block{{at + objectPrefix, uint64(le.Uint32(b[8:]))}}
	var messages []headerMessage
	for left := le.Uint16(b[2:]); len(blocks) > 0; blocks = blocks[1:] {
		b, err := r.bytes(blocks[0].at, blocks[0].size, "object header")
		if err != nil {
			return nil, err
		}
		for ; left > 0 && len(b) >= messagePrefix; left-- {
			kind, size, flags := le.Uint16(b), int(le.Uint16(b[2:])), b[4]
			b = b[messagePrefix:]
			if size > len(b) {
				return nil, fmt.Errorf("damaged: a message of the object header at byte %d leaves it", at)
			}
			m := headerMessage{kind, b[:size:size]}
			b = b[size:]
			switch {
			case kind == messageContinuation && size >= 16:
				blocks = append(blocks, block{le.Uint64(m.data), le.Uint64(m.data[8:])})
			case flags&2 != 0:
				return nil, fmt.Errorf("the object header at byte %d shares its messages, which is not supported", at)
			default:
				messages = append(messages, m)
			}
		}
	}
	return messages, nil
}

// group reads a group's attributes and members.
func (r *reader) group(messages []headerMessage, table []byte) (*Group, error) {
	g := NewGroup()
	for _, m := range messages {
		if m.kind == messageAttribute {
			if err := r.attribute(g, m.data); err != nil {
				return nil, err
			}
		}
	}
	if len(table) < 16 {
		return nil, errors.New("damaged: a symbol table message is too short")
	}
	heap, err := r.signed(le.Uint64(table[8:]), heapPrefix, "HEAP", "local heap")
	if err != nil {
		return nil, err
	}
	names, err := r.bytes(le.Uint64(heap[24:]), le.Uint64(heap[8:]), "local heap")
	if err != nil {
		return nil, err
	}
	return g, r.tree(g, string(names), le.Uint64(table), math.MaxUint8+1)
}

// tree adds the members below a B-tree's node (III.A.1), whose level is below a bound.
func (r *reader) tree(g *Group, names string, at uint64, below int) error {
	if err := r.visit(at); err != nil {
		return err
	}
	node, err := r.signed(at, treePrefix, "TREE", "B-tree")
	if err != nil {
		return err
	}
	level, children := int(node[5]), uint64(le.Uint16(node[6:]))
	if node[4] != 0 || level >= below {
		return fmt.Errorf("damaged: the B-tree at byte %d", at)
	}
	b, err := r.bytes(at+treePrefix, children*16, "B-tree")
	if err != nil {
		return err
	}
	for ; len(b) > 0; b = b[16:] {
		child := le.Uint64(b[8:])
		if level > 0 {
			err = r.tree(g, names, child, level)
		} else {
			err = r.node(g, names, child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// node adds the members of a symbol table node (III.B).
func (r *reader) node(g *Group, names string, at uint64) error {
	if err := r.visit(at); err != nil {
		return err
	}
	b, err := r.signed(at, nodePrefix, "SNOD", "symbol table node")
	if err != nil {
		return err
	}
	entries, err := r.bytes(at+nodePrefix, uint64(le.Uint16(b[6:]))*symbolEntry, "symbol table node")
	if err != nil {
		return err
	}
	for ; len(entries) > 0; entries = entries[symbolEntry:] {
		offset := le.Uint64(entries)
		if offset >= uint64(len(names)) {
			return fmt.Errorf("damaged: a name of the symbol table node at byte %d leaves its heap", at)
		}
		name, _, _ := strings.Cut(names[offset:], "\x00")
		if le.Uint32(entries[16:]) == symbolicLink {
			return fmt.Errorf("%q is a symbolic link, which is not supported", name)
		}
		group, dataset, err := r.object(le.Uint64(entries[8:]))
		switch {
		case err != nil:
			return fmt.Errorf("%q: %w", name, err)
		case group != nil:
			g.Groups[name] = group
		default:
			g.Datasets[name] = dataset
		}
	}
	return nil
}
