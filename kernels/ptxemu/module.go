package ptxemu

import "fmt"

// Module is a parsed PTX source. Every instruction of every function in it has been decoded: a Module
// that Parse returns holds nothing that the emulator cannot run.
type Module struct {
	Name    string // as given to Parse; used in messages
	Version [2]int // of the PTX language
	Target  int    // compute capability: 70 for sm_70
	Kernels []*Kernel

	variables []*variable // module scope, in order
	functions map[string]*function
	globals   map[string]*variable
}

// Kernel is an entry point of a Module.
type Kernel struct {
	Name   string
	Params []Param
	// StaticShared is the number of bytes of the shared variables that the kernel can reach.
	StaticShared int
	// MaxThreads is what .maxntid or .reqntid allow in each direction; 0 where there is no limit.
	MaxThreads [3]uint32
	// ExactThreads says that a block must have exactly MaxThreads (.reqntid).
	ExactThreads bool

	module     *Module
	code       []inst
	constants  []uint64
	uses       []uses
	names      []string // of registers
	entry      int      // pc of the first instruction; called functions come before it
	registers  int      // slots of 32 lanes
	predicates int
	localBytes int // per thread
	paramBytes int
	dynamic    bool // uses an extern shared array
	granule    uint // log2 of the bytes that shared-memory race detection tells apart
	slots      int  // number of memory instructions; each remembers the allocation it met last
	relocs     []relocation
}

func (k *Kernel) registerName(r int32) string { return k.names[r] }

// Param is a kernel parameter.
type Param struct {
	Name          string
	Offset, Bytes int
	Align         int
}

// Kernel returns the entry point of that name, or nil.
func (m *Module) Kernel(name string) *Kernel {
	for _, k := range m.Kernels {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// variable is a declared .global, .const, .shared, .local or .param variable.
type variable struct {
	pos    position
	name   string
	space  space
	typ    scalar
	align  int
	bytes  int
	extern bool
	init   []byte
	relocs []variableReloc
	kernel bool // a kernel's own parameter, as against a function's or a call's
}

// variableReloc: the 8 bytes at offset of an initialiser hold the address of symbol.
type variableReloc struct {
	pos    position
	offset int
	symbol string
}

// relocation: the constant holds the address of a module variable, known when the module is loaded.
type relocation struct {
	constant int
	v        *variable
}

// register is a declared register, created when first named.
type register struct {
	name  string
	typ   scalar
	index int // among the function's registers, or among its predicates
}

// function is an .entry or .func as the parser leaves it.
type function struct {
	pos        position
	name       string
	entry      bool
	params     []*variable
	returns    []*variable
	maxThreads [3]uint32
	exact      bool
	body       bool
	statements []statement
	labels     map[string]int // index of the statement that follows
	registers  []*register    // data
	predicates []*register
	locals     []*variable // .local, .shared and the .param variables of calls
}

type operandKind uint8

const (
	operandRegister operandKind = iota
	operandImmediate
	operandAddress // [base + offset]
	operandSymbol  // a variable's address, a label, a function
	operandSpecial // %tid.x
	operandVector  // {a, b}
	operandList    // (a, b) of a call
	operandPair    // p|q
	operandSink    // _
)

// operand is an operand of a statement, with names already resolved as far as scopes allow.
type operand struct {
	pos      position
	kind     operandKind
	reg      *register
	negated  bool // !p
	imm      uint64
	floating scalar // f32 or f64 for 0f.. and 0d.. literals
	symbol   string
	v        *variable
	offset   int64
	elems    []operand
}

// statement is one PTX instruction.
type statement struct {
	pos      position
	guard    *register
	guardNot bool
	opcode   string
	operands []operand
	text     string // as in the source
}

func errorAt(pos position, format string, args ...any) error {
	return fmt.Errorf("%v: %w", pos, fmt.Errorf(format, args...))
}
