// Package runpage shows a run in a browser: while it is trained, by a server, and afterwards as one
// file, its report. Both are the same page, page.html, which needs nothing from elsewhere.
package runpage
