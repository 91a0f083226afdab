package program

import "fmt"

// MarshalText writes p as String does.
func (p Padding) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (p *Padding) UnmarshalText(text []byte) error {
	switch string(text) {
	case "same":
		*p = Same
	case "valid":
		*p = Valid
	default:
		var top, bottom, left, right int
		if _, err := fmt.Sscanf(string(text), "[%d %d %d %d]", &top, &bottom, &left, &right); err != nil {
			return fmt.Errorf("%q is no padding: want same, valid or [top bottom left right]", text)
		}
		*p = Explicit(top, bottom, left, right)
	}
	return nil
}
