package ptxemu

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ptxBases are the sources of the emulator's own tests as tokens, and what is in them: words, the parts of opcodes, and
// statements.
type ptxBases struct {
	sources    [][]string
	words      []string
	parts      []string
	statements [][]string
}

func newPTXBases(t testing.TB) (b ptxBases) {
	t.Helper()
	files, err := filepath.Glob("ptxtest/testdata/*.ptx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var tokens []string
		for l := newLexer(string(src)); ; {
			token, err := l.next()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if token.kind == tokenEOF {
				break
			}
			tokens = append(tokens, token.text)
		}
		b.sources = append(b.sources, tokens)
		b.words = append(b.words, tokens...)
		for rest := tokens; ; {
			end := slices.Index(rest, ";")
			if end < 0 {
				break
			}
			b.statements = append(b.statements, rest[:end+1])
			rest = rest[end+1:]
		}
	}
	for _, w := range b.words {
		if strings.Contains(w, ".") {
			b.parts = append(b.parts, strings.Split(w, ".")...)
		}
	}
	slices.Sort(b.words)
	slices.Sort(b.parts)
	b.words, b.parts = slices.Compact(b.words), slices.Compact(b.parts)
	return b
}

// numbers that PTX is most easily wrong about.
var fuzzNumbers = []string{"0", "1", "-1", "3", "8", "31", "32", "33", "63", "64", "127", "1024", "65535", "65536", "2147483647", "2147483648",
	"4294967295", "4294967296", "9223372036854775807", "18446744073709551615", "0x7fffffffffffffff", "0f7F800000", "0fFF800001", "0d7FF0000000000000", "1.5"}

const ptxEditLen = 6

// apply makes the edits of a script in a source: tokens, parts of opcodes and statements exchanged for others that PTX
// has. Bytes at random end in the lexer, or at the first statement; this is PTX that is nearly right.
func (b ptxBases) apply(source int, script []byte) string {
	tokens := slices.Clone(b.sources[source%len(b.sources)])
	for ; len(script) >= ptxEditLen && len(tokens) > 1; script = script[ptxEditLen:] {
		at, value := int(binary.LittleEndian.Uint16(script))%len(tokens), int(binary.LittleEndian.Uint16(script[4:]))
		part := func() string { return b.parts[value%len(b.parts)] }
		first := at // of the statement
		for first > 0 && !strings.Contains(";{}", tokens[first-1]) {
			first--
		}
		last := at
		for last < len(tokens)-1 && tokens[last] != ";" {
			last++
		}
		switch script[2] % 10 {
		case 0:
			tokens[at] = b.words[value%len(b.words)]
		case 1:
			tokens = slices.Delete(tokens, at, at+1)
		case 2:
			tokens = slices.Insert(tokens, at, b.words[value%len(b.words)])
		case 3:
			tokens[at], tokens[value%len(tokens)] = tokens[value%len(tokens)], tokens[at]
		case 4: // a statement again
			tokens = slices.Insert(tokens, last+1, slices.Clone(tokens[first:last+1])...)
		case 5:
			tokens = slices.Delete(tokens, first, last+1)
		case 6: // a part of an opcode for another
			parts := strings.Split(tokens[first], ".")
			parts[int(script[3])%len(parts)] = part()
			tokens[first] = strings.Join(parts, ".")
		case 7: // a part more
			parts := strings.Split(tokens[first], ".")
			tokens[first] = strings.Join(slices.Insert(parts, int(script[3])%(len(parts)+1), part()), ".")
		case 8:
			tokens[at] = fuzzNumbers[value%len(fuzzNumbers)]
		case 9: // another statement in its place
			tokens = slices.Replace(tokens, first, last+1, b.statements[value%len(b.statements)]...)
		}
	}
	return strings.Join(tokens, " ")
}

// Whatever is done to PTX, it is refused, or runs to its end or to a fault.
func FuzzPTX(f *testing.F) {
	bases := newPTXBases(f)
	for i := range bases.sources {
		f.Add(uint8(i), i%2 == 0, []byte{})
		f.Add(uint8(i), i%2 != 0, []byte{byte(60 + i), 0, byte(i), byte(i), byte(7 * i), 1})
	}
	f.Fuzz(func(t *testing.T, source uint8, checks bool, script []byte) {
		d := New(Options{Checks: checks, Budget: 2000, Workers: 1, Memory: 4 << 20})
		if err := d.Open(0); err != nil {
			t.Fatal(err)
		}
		m, err := d.ModuleLoad([]byte(bases.apply(int(source), script)))
		if err != nil {
			return
		}
		const bytes = 32 << 10
		args := make([]uint64, 2)
		for i := range args {
			var memErr error
			args[i], memErr = d.MemAlloc(bytes)
			if err := errors.Join(memErr, d.MemsetD8(args[i], 0x3f, bytes)); err != nil {
				t.Skipf("no memory is left for arguments beside the module's own arrays: %v", err)
			}
		}
		fn, err := d.ModuleFunction(m, "test")
		if err != nil {
			return
		}
		_ = d.Launch(fn, [3]uint32{1, 1, 1}, [3]uint32{64, 1, 1}, 0, 0, args)
	})
}
