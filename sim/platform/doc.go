// SPDX-License-Identifier: Apache-2.0

// Package platform is a simulated Tagbase platform: JSON:API over HTTPS, under /api/v1, with one account that has one
// key. It knows the keys of its tags and verifies every proof as the real one does.
//
//	client ── TLS (Server, Authority) ── Simulated ── key? media types? tag? document? ──> refusal
//	                                         │
//	                                         └── proof genuine and fresh? session live? ──> verification
//
// Two requests exist: POST /tags/{id}/verifications submits a scan, and GET /sessions/{id} reads a session. Where the
// public documentation leaves an order open, Simulated is strict and checks key, then media types, then tag, then
// document.
//
// What goes in beside requests: tags (Register424, Register22x, RegisterUnwritten) and keys (SetKey, Revoke). What
// comes out beside answers: every POST as the platform saw it, refused ones included (Posts, OnPost).
//
// A BadServer is the opposite: it does on each connection what a test tells it, down to single bytes and RSTs, and
// counts the requests that reach it.
//
// Goroutines: Serve starts those of net/http, which Server.Close ends. NewBadServer starts one that accepts, and one
// for each connection; BadServer.Close ends them and waits. Everything exported is safe for concurrent use, except a
// Call, which belongs to the goroutine of its connection.
package platform
