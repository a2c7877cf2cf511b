// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/tagbase/tagbase-edge/scan"
)

// A Plan says when a submission is to be posted, and what follows it.
type Plan struct {
	// Tapped is when the tag arrived. A submission that failed before its first byte is
	// repeated until 3 s after that (resendWithin).
	Tapped time.Time

	// By is when the person must have an answer. Send returns by then.
	By time.Time

	// Another says that a second submission of the same tap is likely to follow at once. Its
	// connection is made beside this one's.
	Another bool
}

// A Request is one submission on its way to the platform. Prepare makes it, and the caller
// ends it with exactly one Send or one Withdraw. One goroutine at a time may use it.
type Request struct {
	platform *Platform
	tag      string
	attempts *attempts
	cancel   context.CancelFunc // ends run
	done     chan struct{}      // closed when answer is set
	answer   Answer             // may be read after done
}

// Prepare readies the request that posts the submission, and sends nothing: it asks the
// breaker, writes the body and connects. If that fails, Send returns the failure at once.
func (p *Platform) Prepare(sub scan.Submission, plan Plan) *Request {
	if reason := p.breaker.admit(time.Now()); reason != "" {
		p.ask()
		return failedRequest(Answer{Outcome: scan.NotSent, Reason: reason})
	}

	body, err := encodeSubmission(sub)
	if err != nil {
		return failedRequest(Answer{Outcome: scan.NotSent, Reason: scan.ReasonNetwork, Err: err})
	}
	ctx, cancel := context.WithDeadline(context.Background(), plan.By)
	req, err := p.newRequest(ctx, http.MethodPost, body, "tags", sub.Tag, "verifications")
	if err != nil {
		cancel()
		return failedRequest(Answer{Outcome: scan.NotSent, Reason: scan.ReasonNetwork, Err: err})
	}

	r := &Request{
		platform: p,
		tag:      sub.Tag,
		attempts: newAttempts(p.dialer),
		cancel:   cancel,
		done:     make(chan struct{}),
	}
	r.attempts.repeatUntil = plan.Tapped.Add(resendWithin)
	r.attempts.usesSpare = true
	r.attempts.another = plan.Another

	// Connects while the caller still reads the tag. Ends with the answer, at plan.By, or at
	// Withdraw.
	go r.run(ctx, req)

	return r
}

// failedRequest is a request whose answer is known before anything was tried.
func failedRequest(answer Answer) *Request {
	r := &Request{attempts: newAttempts(nil), cancel: func() {}, done: make(chan struct{}), answer: answer}
	close(r.done)

	return r
}

// Send lets the first byte go and waits for what comes of it, until Plan.By at the latest.
// Shutdown does not cancel it: a scan that has been sent gets its answer.
func (r *Request) Send() Answer {
	r.attempts.release()
	<-r.done

	return r.answer
}

// Withdraw ends a request that must not be sent. Nothing of it has left the station, and when
// Withdraw returns nothing ever will. A withdrawn request says nothing about the platform: it
// counts neither as a failure nor in the metrics.
func (r *Request) Withdraw() {
	r.cancel()
	<-r.done
}

// Failed is closed when the request has failed before Send. Who has a reason to wait before
// Send, such as a slow disk, need not wait any longer then.
func (r *Request) Failed() <-chan struct{} { return r.done }

// run carries the request to its answer, and lets the platform's other parts learn from it.
func (r *Request) run(ctx context.Context, req *retryablehttp.Request) {
	defer close(r.done)
	defer r.cancel()
	p := r.platform
	r.answer = r.post(req)

	// Withdrawn, or out of time before Send: that is nobody's failure.
	if r.answer.Outcome == scan.NotSent && ctx.Err() != nil && r.attempts.heldBack() {
		return
	}

	p.metrics.count(r.answer.Status, r.attempts)

	// A pending scan makes the person tap again: connect for that tap now.
	if r.answer.Outcome == scan.Pending {
		p.dialer.connectAhead(nextTapWait)
	}

	p.breaker.learnFromAnswer(r.answer, time.Now())
	if p.note(troubleOf(r.answer)) {
		wake(p.lost)
	}
}

// post makes the HTTP exchange and reads its answer.
func (r *Request) post(req *retryablehttp.Request) (answer Answer) {
	begun := time.Now()
	defer func() {
		answer.Connect = r.attempts.connectTime()
		answer.Answer = r.attempts.sinceReleased(begun) - answer.Connect
	}()

	resp, err := r.platform.client(r.attempts).Do(req)
	if err != nil {
		if why := r.attempts.end(err); why != nil {
			return Answer{Outcome: scan.NotSent, Reason: reasonOf(why), Err: loggable(why)}
		}

		return Answer{Outcome: scan.Unknown, Reason: scan.ReasonNoAnswer, Err: loggable(err)}
	}
	defer resp.Body.Close()

	// A proxy that is tired of waiting may answer on a connection on which nothing was asked.
	// Such an answer is not about the scan.
	if why := r.attempts.end(errMalformed); why != nil {
		return Answer{Outcome: scan.NotSent, Reason: scan.ReasonNetwork, Err: loggable(why)}
	}

	r.platform.learnDate(resp, r.attempts)
	answer.Status, answer.RetryAfter = resp.StatusCode, retryAfter(resp)
	if resp.StatusCode/100 != 2 {
		answer.Outcome, answer.Reason = outcomeOfStatus(resp.StatusCode)
		return answer
	}

	answer.Outcome, answer.Verification, err = decodeVerification(resp.Header, resp.Body, r.tag)
	if err != nil {
		answer.Outcome, answer.Reason = scan.Unknown, scan.ReasonBadAnswer
		answer.Err, answer.cut = loggable(err), errors.Is(err, errCut)
	}

	return answer
}
