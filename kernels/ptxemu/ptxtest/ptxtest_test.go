package ptxtest

import (
	"regexp"
	"slices"
	"testing"

	"gangpu/kernels/ptxemu"
)

func tests(t *testing.T) []Test {
	all, err := Tests()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEmulator(t *testing.T) {
	for _, checks := range []bool{false, true} {
		d := ptxemu.New(ptxemu.Options{Checks: checks})
		if err := d.Open(0); err != nil {
			t.Fatal(err)
		}
		for _, test := range tests(t) {
			t.Run(test.Name, func(t *testing.T) {
				if err := test.Run(d); err != nil {
					t.Error(err)
				}
			})
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

var opcode = regexp.MustCompile(`(?m)^\s*(?:@!?%\w+\s+)?([a-z][\w.]*)[\s;]`)

// Whatever the emulator accepts is executed by a test; trap, which ends a launch, has its own in package ptxemu.
func TestEveryInstructionIsCovered(t *testing.T) {
	used := map[string]bool{}
	for _, test := range tests(t) {
		for _, m := range opcode.FindAllSubmatch(test.PTX, -1) {
			used[string(m[1])] = true
		}
	}
	for _, name := range ptxemu.Instructions() {
		if !used[name] && name != "trap" {
			t.Errorf("no test has the instruction %s", name)
		}
	}
}

// No reference is left behind when a test goes.
func TestEveryReferenceIsUsed(t *testing.T) {
	var results []string
	for _, test := range tests(t) {
		results = append(results, test.Results...)
	}
	for name := range references {
		if !slices.Contains(results, name) {
			t.Errorf("no test has the result %q", name)
		}
	}
}
