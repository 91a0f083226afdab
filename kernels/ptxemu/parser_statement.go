package ptxemu

// statement reads one instruction: [@[!]p] opcode operand, ... ;
func (p *parser) statement() error {
	st := statement{pos: p.tok.pos}
	start := p.tok.at
	if ok, err := p.accept("@"); err != nil {
		return err
	} else if ok {
		if st.guardNot, err = p.accept("!"); err != nil {
			return err
		}
		if st.guard, err = p.lookupRegister(p.tok); err != nil {
			return err
		}
		if st.guard.typ != pred {
			return errorAt(p.tok.pos, "guard %s is no predicate", st.guard.name)
		}
		if err := p.advance(); err != nil {
			return err
		}
		st.pos = p.tok.pos
	}
	var err error
	if st.opcode, err = p.word(); err != nil {
		return err
	}
	for !p.is(";") {
		if len(st.operands) > 0 {
			if err := p.expect(","); err != nil {
				return err
			}
		}
		o, err := p.operand()
		if err != nil {
			return err
		}
		st.operands = append(st.operands, o)
	}
	st.text = p.lex.src[start:p.tok.at]
	p.fn.statements = append(p.fn.statements, st)
	return p.advance()
}

func (p *parser) operand() (operand, error) {
	o := operand{pos: p.tok.pos}
	switch {
	case p.is("["):
		return p.address()
	case p.is("{"), p.is("("):
		o.kind = operandVector
		closing := "}"
		if p.is("(") {
			o.kind, closing = operandList, ")"
		}
		if err := p.advance(); err != nil {
			return o, err
		}
		for !p.is(closing) {
			if len(o.elems) > 0 {
				if err := p.expect(","); err != nil {
					return o, err
				}
			}
			e, err := p.operand()
			if err != nil {
				return o, err
			}
			o.elems = append(o.elems, e)
		}
		return o, p.advance()
	case p.is("!"):
		if err := p.advance(); err != nil {
			return o, err
		}
		reg, err := p.lookupRegister(p.tok)
		if err != nil {
			return o, err
		}
		o.kind, o.reg, o.negated = operandRegister, reg, true
		return o, p.advance()
	case p.is("-"), p.tok.kind == tokenNumber:
		return p.immediate()
	case p.tok.kind == tokenWord:
		return p.named()
	}
	return o, errorAt(p.tok.pos, "%v where an operand was expected", p.tok)
}

func (p *parser) immediate() (operand, error) {
	o := operand{pos: p.tok.pos, kind: operandImmediate}
	negative, err := p.accept("-")
	if err != nil {
		return o, err
	}
	if o.imm, o.floating, err = parseNumber(p.tok.text); err != nil || p.tok.kind != tokenNumber {
		return o, errorAt(p.tok.pos, "%v is no number", p.tok)
	}
	if negative {
		if o.floating != noType {
			return o, errorAt(p.tok.pos, "a sign before the bits of a floating-point number")
		}
		o.imm = -o.imm
	}
	return o, p.advance()
}

// named reads a register, a pair of predicates p|q, a special register, a variable with an offset, or
// a name that only the whole module can resolve: a label or a function.
func (p *parser) named() (operand, error) {
	o := operand{pos: p.tok.pos, symbol: p.tok.text}
	name := p.tok
	if err := p.advance(); err != nil {
		return o, err
	}
	if name.text == "_" {
		o.kind = operandSink
	} else if reg := p.findRegister(name.text); reg != nil {
		o.kind, o.reg = operandRegister, reg
	} else if name.text[0] == '%' || name.text == "WARP_SZ" {
		o.kind = operandSpecial
		return o, nil
	} else {
		o.kind, o.v = operandSymbol, p.findVariable(name.text)
		if o.v != nil && p.is("+") {
			if err := p.advance(); err != nil {
				return o, err
			}
			n, err := p.integer()
			o.offset = int64(n)
			return o, err
		}
		return o, nil
	}
	if p.is("|") {
		if err := p.advance(); err != nil {
			return o, err
		}
		second, err := p.operand()
		if err != nil {
			return o, err
		}
		first := o
		return operand{pos: first.pos, kind: operandPair, elems: []operand{first, second}}, nil
	}
	return o, nil
}

// address reads [reg], [reg+n], [variable+n] or [n].
func (p *parser) address() (operand, error) {
	o := operand{pos: p.tok.pos, kind: operandAddress}
	if err := p.advance(); err != nil {
		return o, err
	}
	if p.tok.kind == tokenWord {
		o.symbol = p.tok.text
		if o.reg = p.findRegister(o.symbol); o.reg == nil {
			if o.v = p.findVariable(o.symbol); o.v == nil {
				return o, errorAt(p.tok.pos, "%s is neither a register nor a variable", o.symbol)
			}
		}
		if err := p.advance(); err != nil {
			return o, err
		}
		if ok, err := p.accept("+"); err != nil {
			return o, err
		} else if !ok && !p.is("-") {
			return o, p.expect("]")
		}
	}
	n, err := p.integer()
	if err != nil {
		return o, err
	}
	o.offset = int64(n)
	return o, p.expect("]")
}
