package ptxemu

import (
	"slices"
	"strings"
)

func newScope() *scope {
	return &scope{map[string]*register{}, map[string]family{}, map[string]*variable{}}
}

// function reads an .entry or .func, its directive already read: a declaration or a definition.
func (p *parser) function(pos position, entry bool) error {
	f := &function{pos: pos, entry: entry, labels: map[string]int{}}
	p.scopes = []*scope{newScope()}
	var err error
	if p.is("(") {
		if f.returns, err = p.parameters(); err != nil {
			return err
		}
	}
	if f.name, err = p.word(); err != nil {
		return err
	}
	if p.is("(") {
		if f.params, err = p.parameters(); err != nil {
			return err
		}
	}
	for _, v := range f.params {
		v.kernel = entry
	}
	if err := p.performanceDirectives(f); err != nil {
		return err
	}
	old := p.mod.functions[f.name]
	if old != nil && old.body && p.is("{") {
		return errorAt(pos, "%s is defined twice", f.name)
	}
	if old == nil || !old.body {
		p.mod.functions[f.name] = f
	}
	if ok, err := p.accept(";"); ok || err != nil {
		return err
	}
	f.body, p.fn = true, f
	if err := p.block(); err != nil {
		return err
	}
	p.fn = nil
	// The mark of an undefined value at the very end belongs to nobody.
	for p.tok.kind == tokenImplicitDef {
		if err := p.advance(); err != nil {
			return err
		}
	}
	if entry {
		k := &Kernel{Name: f.name, module: p.mod, MaxThreads: f.maxThreads, ExactThreads: f.exact}
		p.mod.Kernels = append(p.mod.Kernels, k)
	}
	return nil
}

func (p *parser) parameters() ([]*variable, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var vs []*variable
	for !p.is(")") {
		if len(vs) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		if err := p.expect(".param"); err != nil {
			return nil, err
		}
		typ, align, _, err := p.typeAndAlign()
		if err != nil {
			return nil, err
		}
		for p.is(".ptr") || p.is(".global") || p.is(".align") {
			if p.is(".align") { // what the pointer points to
				if err := p.advance(); err != nil {
					return nil, err
				}
			}
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		v := &variable{pos: p.tok.pos, space: spaceParam, typ: typ, align: align}
		if v.name, err = p.word(); err != nil {
			return nil, err
		}
		if err := p.dimensions(v); err != nil {
			return nil, err
		}
		vs = append(vs, v)
		p.scopes[0].variables[v.name] = v
	}
	return vs, p.advance()
}

func (p *parser) performanceDirectives(f *function) error {
	for p.tok.kind == tokenWord {
		pos := p.tok.pos
		dir, err := p.word()
		if err != nil {
			return err
		}
		switch dir {
		case ".maxntid", ".reqntid":
			f.maxThreads, f.exact = [3]uint32{1, 1, 1}, dir == ".reqntid"
			for i := range 3 {
				n, err := p.integer()
				if err != nil {
					return err
				}
				f.maxThreads[i] = uint32(n)
				if ok, err := p.accept(","); err != nil {
					return err
				} else if !ok {
					break
				}
			}
		case ".minnctapersm", ".maxnctapersm", ".maxnreg":
			if _, err := p.integer(); err != nil {
				return err
			}
		case ".noreturn":
		case ".pragma":
			if err := p.debugDirective(dir); err != nil {
				return err
			}
		default:
			return errorAt(pos, "unknown directive %q", dir)
		}
	}
	return nil
}

func (p *parser) block() error {
	if err := p.expect("{"); err != nil {
		return err
	}
	p.scopes = append(p.scopes, newScope())
	for !p.is("}") {
		if err := p.blockItem(); err != nil {
			return err
		}
	}
	p.scopes = p.scopes[:len(p.scopes)-1]
	if len(p.scopes) == 1 {
		p.fn = nil // so that advance skips marks behind the function
	}
	return p.advance()
}

func (p *parser) blockItem() error {
	switch {
	case p.tok.kind == tokenEOF:
		return errorAt(p.tok.pos, "function %s is not closed", p.fn.name)
	case p.is("{"):
		return p.block()
	case p.tok.kind == tokenImplicitDef:
		return p.implicitDef()
	case p.tok.kind == tokenWord && p.tok.text[0] == '.':
		return p.blockDirective()
	case p.tok.kind == tokenWord:
		next, err := p.peek()
		if err != nil {
			return err
		}
		if next.kind == tokenPunct && next.text == ":" {
			return p.label()
		}
	}
	return p.statement()
}

func (p *parser) label() error {
	if _, ok := p.fn.labels[p.tok.text]; ok {
		return errorAt(p.tok.pos, "label %s is defined twice", p.tok.text)
	}
	p.fn.labels[p.tok.text] = len(p.fn.statements)
	if err := p.advance(); err != nil {
		return err
	}
	return p.expect(":")
}

// implicitDefOpcode is the statement that a mark of an undefined value becomes: it defines its register.
const implicitDefOpcode = "implicit-def"

func (p *parser) implicitDef() error {
	reg, err := p.lookupRegister(p.tok)
	if err != nil {
		return err
	}
	p.fn.statements = append(p.fn.statements, statement{pos: p.tok.pos, opcode: implicitDefOpcode,
		operands: []operand{{pos: p.tok.pos, kind: operandRegister, reg: reg}}, text: "implicit-def " + p.tok.text})
	return p.advance()
}

func (p *parser) blockDirective() error {
	pos := p.tok.pos
	dir, err := p.word()
	if err != nil {
		return err
	}
	switch dir {
	case ".reg":
		return p.registers()
	case ".local", ".shared", ".param", ".global", ".const":
		vs, err := p.variables(spaceByName[dir[1:]], false)
		if err != nil {
			return err
		}
		top := p.scopes[len(p.scopes)-1]
		for _, v := range vs {
			top.variables[v.name] = v
			if v.space == spaceGlobal || v.space == spaceConst {
				p.mod.variables = append(p.mod.variables, v)
			} else {
				p.fn.locals = append(p.fn.locals, v)
			}
		}
		return nil
	case ".loc", ".file", ".pragma", ".section":
		return p.debugDirective(dir)
	}
	return errorAt(pos, "unknown directive %q", dir)
}

func (p *parser) registers() error {
	typ, _, _, err := p.typeAndAlign()
	if err != nil {
		return err
	}
	top := p.scopes[len(p.scopes)-1]
	for {
		pos := p.tok.pos
		name, err := p.word()
		if err != nil {
			return err
		}
		if p.is("<") {
			if err := p.advance(); err != nil {
				return err
			}
			n, err := p.integer()
			if err != nil {
				return err
			}
			if n > 1<<20 {
				return errorAt(pos, "%d registers %s", n, name)
			}
			top.families[name] = family{typ, int(n)}
			if err := p.expect(">"); err != nil {
				return err
			}
		} else {
			top.registers[name] = p.newRegister(name, typ)
		}
		if ok, err := p.accept(","); err != nil {
			return err
		} else if !ok {
			return p.expect(";")
		}
	}
}

func (p *parser) newRegister(name string, typ scalar) *register {
	list := &p.fn.registers
	if typ == pred {
		list = &p.fn.predicates
	}
	r := &register{name: name, typ: typ, index: len(*list)}
	*list = append(*list, r)
	return r
}

// findRegister returns nil if no scope declares the name.
func (p *parser) findRegister(name string) *register {
	digits := len(strings.TrimRight(name, "0123456789"))
	for _, s := range slices.Backward(p.scopes) {
		if r := s.registers[name]; r != nil {
			return r
		}
		if fam, ok := s.families[name[:digits]]; ok && digits < len(name) {
			n := 0
			for _, c := range name[digits:] {
				if n = n*10 + int(c-'0'); n > fam.count {
					break
				}
			}
			if n < fam.count {
				r := p.newRegister(name, fam.typ)
				s.registers[name] = r
				return r
			}
		}
	}
	return nil
}

func (p *parser) lookupRegister(t token) (*register, error) {
	if t.kind == tokenWord || t.kind == tokenImplicitDef {
		if r := p.findRegister(t.text); r != nil {
			return r, nil
		}
	}
	return nil, errorAt(t.pos, "%v is no declared register", t)
}

func (p *parser) findVariable(name string) *variable {
	for _, s := range slices.Backward(p.scopes) {
		if v := s.variables[name]; v != nil {
			return v
		}
	}
	return p.mod.globals[name]
}
