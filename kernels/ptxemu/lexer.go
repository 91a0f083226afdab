package ptxemu

import (
	"fmt"
	"strings"
)

// position is a place in a PTX source, both counted from 1.
type position struct{ line, col int }

func (p position) String() string { return fmt.Sprintf("%d:%d", p.line, p.col) }

type tokenKind uint8

const (
	tokenEOF tokenKind = iota
	tokenWord
	tokenNumber
	tokenString
	tokenPunct
	// tokenImplicitDef stands for LLVM's comment "// implicit-def: %r1": the register holds an undefined
	// value from here on, and the code that follows may copy it around without using it.
	tokenImplicitDef
)

type token struct {
	kind tokenKind
	text string
	pos  position
	at   int // offset in the source
}

func (t token) String() string {
	if t.kind == tokenEOF {
		return "end of file"
	}
	return fmt.Sprintf("%q", t.text)
}

// lexer cuts a PTX source into tokens. Dots belong to words ("add.s32", ".reg", "%tid.x").
type lexer struct {
	src  string
	at   int
	line int
	bol  int // offset of the current line's first byte
}

func newLexer(src string) *lexer { return &lexer{src: src, line: 1} }

func (l *lexer) pos() position { return position{l.line, l.at - l.bol + 1} }

func (l *lexer) newline() {
	l.line++
	l.bol = l.at
}

func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c == '%' || c == '.'
}

func isWordByte(c byte) bool { return isWordStart(c) || isDigit(c) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) next() (token, error) {
	for l.at < len(l.src) {
		c := l.src[l.at]
		switch {
		case c == '\n':
			l.at++
			l.newline()
		case c == ' ' || c == '\t' || c == '\r' || c == 0 && l.at == len(l.src)-1:
			l.at++
		case c == '/' && l.peek(1) == '/':
			if t, ok := l.lineComment(); ok {
				return t, nil
			}
		case c == '/' && l.peek(1) == '*':
			if err := l.blockComment(); err != nil {
				return token{}, err
			}
		default:
			return l.scan(c)
		}
	}
	return token{kind: tokenEOF, pos: l.pos()}, nil
}

func (l *lexer) peek(n int) byte {
	if l.at+n < len(l.src) {
		return l.src[l.at+n]
	}
	return 0
}

func (l *lexer) lineComment() (token, bool) {
	pos, start := l.pos(), l.at
	for l.at < len(l.src) && l.src[l.at] != '\n' {
		l.at++
	}
	text := strings.TrimSpace(l.src[start+2 : l.at])
	if reg, ok := strings.CutPrefix(text, "implicit-def: "); ok && strings.HasPrefix(reg, "%") {
		return token{tokenImplicitDef, reg, pos, start}, true
	}
	return token{}, false
}

func (l *lexer) blockComment() error {
	pos := l.pos()
	for l.at += 2; l.at < len(l.src); l.at++ {
		switch {
		case l.src[l.at] == '*' && l.peek(1) == '/':
			l.at += 2
			return nil
		case l.src[l.at] == '\n':
			l.line++
			l.bol = l.at + 1
		}
	}
	return fmt.Errorf("%v: comment is not closed", pos)
}

func (l *lexer) scan(c byte) (token, error) {
	pos, start := l.pos(), l.at
	switch {
	case isWordStart(c):
		for l.at < len(l.src) && (isWordByte(l.src[l.at]) || l.scopeOperator()) {
			if l.src[l.at] == ':' {
				l.at++
			}
			l.at++
		}
		return token{tokenWord, l.src[start:l.at], pos, start}, nil
	case isDigit(c):
		for l.at < len(l.src) && isWordByte(l.src[l.at]) {
			l.at++
		}
		return token{tokenNumber, l.src[start:l.at], pos, start}, nil
	case c == '"':
		for l.at++; l.at < len(l.src) && l.src[l.at] != '"'; l.at++ {
			if l.src[l.at] == '\n' {
				break
			}
		}
		if l.peek(0) != '"' {
			return token{}, fmt.Errorf("%v: string is not closed", pos)
		}
		l.at++
		return token{tokenString, l.src[start+1 : l.at-1], pos, start}, nil
	case strings.IndexByte("{}()[]<>,;:@!|+-=", c) >= 0:
		l.at++
		return token{tokenPunct, string(c), pos, start}, nil
	}
	return token{}, fmt.Errorf("%v: unexpected character %q", pos, c)
}

// scopeOperator reports whether a "::" inside a word starts here, as in .L2::128B.
func (l *lexer) scopeOperator() bool {
	return l.src[l.at] == ':' && l.peek(1) == ':' && isWordByte(l.peek(2))
}
