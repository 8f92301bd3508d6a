package fakemodel

import "net/http"

// errorForm is one kind of error of the Messages API.
type errorForm struct {
	status  int
	kind    string
	message string // when the scenario gives none
}

// errorForms lists the errors of the API by status.
func errorForms() []errorForm {
	return []errorForm{
		{http.StatusBadRequest, "invalid_request_error", "The played model finds the request invalid."},
		{http.StatusUnauthorized, "authentication_error", "The played model finds the key invalid."},
		{http.StatusPaymentRequired, "billing_error", "The played account has no credit left."},
		{http.StatusForbidden, "permission_error", "The played account may not do this."},
		{http.StatusNotFound, "not_found_error", "The played model does not know this address."},
		{http.StatusRequestEntityTooLarge, "request_too_large", "The request is too large for the played model."},
		{http.StatusTooManyRequests, "rate_limit_error", "The played account's rate limit is reached."},
		{http.StatusInternalServerError, "api_error", "The played service has an internal error."},
		{http.StatusGatewayTimeout, "timeout_error", "The played service took too long."},
		{529, "overloaded_error", "The played service is overloaded."},
	}
}

// formOf returns the form of the error with a status; other statuses count as
// an error of the service or of the request.
func formOf(status int) errorForm {
	other := http.StatusBadRequest
	if status >= 500 {
		other = http.StatusInternalServerError
	}
	var fallback errorForm
	for _, f := range errorForms() {
		if f.status == status {
			return f
		}
		if f.status == other {
			fallback = f
		}
	}
	return fallback
}

func kindOf(status int) string { return formOf(status).kind }

// statusOf returns the status of a kind of error, or 0.
func statusOf(kind string) int {
	for _, f := range errorForms() {
		if f.kind == kind {
			return f.status
		}
	}
	return 0
}

func errorKinds() []string {
	var kinds []string
	for _, f := range errorForms() {
		kinds = append(kinds, f.kind)
	}
	return kinds
}

// errorBody is the body of an error, in the API's form.
func errorBody(status int, kind, message, requestID string) map[string]any {
	if message == "" {
		message = formOf(status).message
	}
	return map[string]any{
		"type":       "error",
		"error":      map[string]any{"type": kind, "message": message},
		"request_id": requestID,
	}
}
