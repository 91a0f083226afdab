package ptxemu

import (
	"fmt"
	"strconv"
	"strings"
)

// parser reads declarations at module scope; parser_function.go reads what is in a function.
type parser struct {
	lex    *lexer
	tok    token
	peeked *token
	mod    *Module
	fn     *function
	scopes []*scope
}

// scope is what a pair of braces declares: registers are declared by families such as %r<30>.
type scope struct {
	registers map[string]*register
	families  map[string]family
	variables map[string]*variable
}

type family struct {
	typ   scalar
	count int
}

// Parse reads a PTX source and decodes every function in it. name is used in messages only. Errors start
// with name:line:column; an instruction or a modifier that the emulator does not know is an error.
func Parse(name string, src []byte) (*Module, error) {
	p := &parser{lex: newLexer(string(src)), mod: &Module{
		Name: name, functions: map[string]*function{}, globals: map[string]*variable{},
	}}
	err := p.module()
	if err == nil {
		err = p.mod.decode()
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return p.mod, nil
}

func (p *parser) advance() error {
	if p.peeked != nil {
		p.tok, p.peeked = *p.peeked, nil
		return nil
	}
	t, err := p.lex.next()
	// Outside functions the marks of undefined values mean nothing.
	for err == nil && t.kind == tokenImplicitDef && p.fn == nil {
		t, err = p.lex.next()
	}
	p.tok = t
	return err
}

// peek looks at the token after the current one.
func (p *parser) peek() (token, error) {
	if p.peeked == nil {
		t, err := p.lex.next()
		if err != nil {
			return token{}, err
		}
		p.peeked = &t
	}
	return *p.peeked, nil
}

func (p *parser) is(text string) bool {
	return p.tok.text == text && (p.tok.kind == tokenPunct || p.tok.kind == tokenWord)
}

// accept advances over text if it is the current token.
func (p *parser) accept(text string) (bool, error) {
	if !p.is(text) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) expect(text string) error {
	if !p.is(text) {
		return errorAt(p.tok.pos, "%v where %q was expected", p.tok, text)
	}
	return p.advance()
}

func (p *parser) word() (string, error) {
	if p.tok.kind != tokenWord {
		return "", errorAt(p.tok.pos, "%v where a name was expected", p.tok)
	}
	text := p.tok.text
	return text, p.advance()
}

// integer reads a literal, which may be negative; the bits of a floating literal are not accepted.
func (p *parser) integer() (uint64, error) {
	negative, err := p.accept("-")
	if err != nil {
		return 0, err
	}
	if p.tok.kind != tokenNumber {
		return 0, errorAt(p.tok.pos, "%v where a number was expected", p.tok)
	}
	v, typ, err := parseNumber(p.tok.text)
	if err != nil || typ != noType {
		return 0, errorAt(p.tok.pos, "%v is not an integer", p.tok)
	}
	if negative {
		v = -v
	}
	return v, p.advance()
}

// parseNumber returns the bits of a literal, and f32 or f64 if it is 0f.. or 0d..
func parseNumber(text string) (uint64, scalar, error) {
	switch {
	case strings.HasPrefix(text, "0f") || strings.HasPrefix(text, "0F"):
		v, err := strconv.ParseUint(text[2:], 16, 32)
		if len(text) != 10 {
			err = strconv.ErrSyntax
		}
		return v, f32, err
	case strings.HasPrefix(text, "0d") || strings.HasPrefix(text, "0D"):
		v, err := strconv.ParseUint(text[2:], 16, 64)
		if len(text) != 18 {
			err = strconv.ErrSyntax
		}
		return v, f64, err
	}
	v, err := strconv.ParseUint(strings.TrimSuffix(text, "U"), 0, 64)
	return v, noType, err
}

func (p *parser) module() error {
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.header(); err != nil {
		return err
	}
	for p.tok.kind != tokenEOF {
		if err := p.declaration(); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) header() error {
	if err := p.expect(".version"); err != nil {
		return err
	}
	if _, err := fmt.Sscanf(p.tok.text, "%d.%d", &p.mod.Version[0], &p.mod.Version[1]); err != nil {
		return errorAt(p.tok.pos, "%v is no PTX version", p.tok)
	}
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect(".target"); err != nil {
		return err
	}
	pos := p.tok.pos
	target, err := p.word()
	if err != nil {
		return err
	}
	if p.mod.Target, err = strconv.Atoi(strings.TrimPrefix(target, "sm_")); err != nil {
		return errorAt(pos, "unknown target %q", target)
	}
	for p.is(",") { // "debug" and "texmode_independent" change nothing here
		if err := p.advance(); err != nil {
			return err
		}
		if _, err := p.word(); err != nil {
			return err
		}
	}
	if err := p.expect(".address_size"); err != nil {
		return err
	}
	if p.tok.text != "64" {
		return errorAt(p.tok.pos, "address size %v, want 64", p.tok)
	}
	return p.advance()
}

func (p *parser) declaration() error {
	extern := false
	for {
		pos := p.tok.pos
		dir, err := p.word()
		if err != nil {
			return err
		}
		switch dir {
		case ".visible", ".weak", ".common":
			continue
		case ".extern":
			extern = true
			continue
		case ".entry", ".func":
			return p.function(pos, dir == ".entry")
		case ".global", ".const", ".shared":
			vs, err := p.variables(spaceByName[dir[1:]], extern)
			if err != nil {
				return err
			}
			for _, v := range vs {
				if p.mod.globals[v.name] != nil {
					return errorAt(v.pos, "%s is declared twice", v.name)
				}
				p.mod.globals[v.name] = v
				p.mod.variables = append(p.mod.variables, v)
			}
			return nil
		case ".file", ".loc", ".section", ".pragma":
			return p.debugDirective(dir)
		default:
			return errorAt(pos, "unknown directive %q", dir)
		}
	}
}

// debugDirective skips a directive that changes nothing in what the code does; its name has been read.
func (p *parser) debugDirective(dir string) error {
	switch dir {
	case ".pragma":
		if p.tok.kind != tokenString {
			return errorAt(p.tok.pos, "%v where a string was expected", p.tok)
		}
		if err := p.advance(); err != nil {
			return err
		}
		return p.expect(";")
	case ".section":
		for !p.is("}") {
			if p.tok.kind == tokenEOF {
				return errorAt(p.tok.pos, "section is not closed")
			}
			if err := p.advance(); err != nil {
				return err
			}
		}
		return p.advance()
	}
	for line := p.tok.pos.line; p.tok.pos.line == line && p.tok.kind != tokenEOF; {
		if err := p.advance(); err != nil {
			return err
		}
	}
	return nil
}

// variables reads "[.align N] .type name [n] [= init] {, ...} ;" behind its state space.
func (p *parser) variables(sp space, extern bool) ([]*variable, error) {
	typ, align, _, err := p.typeAndAlign()
	if err != nil {
		return nil, err
	}
	var vs []*variable
	for {
		v := &variable{pos: p.tok.pos, space: sp, typ: typ, align: align, extern: extern}
		if v.name, err = p.word(); err != nil {
			return nil, err
		}
		if err := p.dimensions(v); err != nil {
			return nil, err
		}
		if ok, err := p.accept("="); err != nil {
			return nil, err
		} else if ok {
			if sp != spaceGlobal && sp != spaceConst {
				return nil, errorAt(v.pos, "%s: a %v variable has no initial value", v.name, sp)
			}
			if err := p.initialiser(v); err != nil {
				return nil, err
			}
		}
		vs = append(vs, v)
		if ok, err := p.accept(","); err != nil || !ok {
			if err != nil {
				return nil, err
			}
			return vs, p.expect(";")
		}
	}
}

// typeAndAlign reads ".align 16 .b8", ".u32", ".v4 .f32" and the ".ptr .global .align 4" of parameters.
func (p *parser) typeAndAlign() (typ scalar, align, vector int, err error) {
	vector = 1
	for typ == noType {
		pos := p.tok.pos
		dir, err := p.word()
		if err != nil {
			return 0, 0, 0, err
		}
		switch dir {
		case ".align":
			n, err := p.integer()
			if err != nil {
				return 0, 0, 0, err
			}
			if n == 0 || n > 1<<16 || n&(n-1) != 0 {
				return 0, 0, 0, errorAt(pos, "alignment %d is no power of two", n)
			}
			align = int(n)
		case ".v2", ".v4":
			vector = int(dir[2] - '0')
		default:
			if typ = scalarByName[strings.TrimPrefix(dir, ".")]; typ == noType || dir[0] != '.' {
				return 0, 0, 0, errorAt(pos, "unknown type %q", dir)
			}
		}
	}
	align = max(align, typ.size())
	return typ, align, vector, nil
}

// maxVariable bounds the size of a variable in bytes.
const maxVariable = 1 << 30

func (p *parser) dimensions(v *variable) error {
	if v.typ == pred {
		return errorAt(v.pos, "%s: only a register is of type .pred", v.name)
	}
	v.bytes = v.typ.size()
	for p.is("[") {
		if err := p.advance(); err != nil {
			return err
		}
		if p.is("]") {
			v.bytes = 0
		} else {
			n, err := p.integer()
			if err != nil {
				return err
			}
			if n > maxVariable || v.bytes*int(n) > maxVariable {
				return errorAt(v.pos, "%s is too large", v.name)
			}
			v.bytes *= int(n)
		}
		if err := p.expect("]"); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) initialiser(v *variable) error {
	at, size := 0, v.typ.size()
	depth := 0
	for {
		switch {
		case p.is("{"):
			depth++
		case p.is("}"):
			depth--
		case p.is(","):
		case p.tok.kind == tokenWord:
			if size != 8 {
				return errorAt(p.tok.pos, "address of %v in a variable of type %v", p.tok, v.typ)
			}
			r := variableReloc{pos: p.tok.pos, offset: at, symbol: p.tok.text}
			if r.symbol == "generic" {
				return errorAt(p.tok.pos, "generic() in an initial value is not supported")
			}
			v.relocs = append(v.relocs, r)
			v.init = append(v.init, make([]byte, 8)...)
			at += 8
		default:
			negative, err := p.accept("-")
			if err != nil {
				return err
			}
			n, _, err := parseNumber(p.tok.text)
			if err != nil || p.tok.kind != tokenNumber {
				return errorAt(p.tok.pos, "%v where a number was expected", p.tok)
			}
			if negative {
				n = -n
			}
			for i := range size {
				v.init = append(v.init, byte(n>>(8*i)))
			}
			at += size
		}
		if err := p.advance(); err != nil {
			return err
		}
		if depth == 0 && !p.is(",") {
			break
		}
		if p.tok.kind == tokenEOF {
			return errorAt(p.tok.pos, "initial value of %s is not closed", v.name)
		}
	}
	if v.bytes == 0 {
		v.bytes = at
	}
	if at > v.bytes {
		return errorAt(v.pos, "%s has %d bytes, its initial value %d", v.name, v.bytes, at)
	}
	return nil
}
