// A Go peer for the ttrpc interoperability tests and benchmarks: the probe service, checks of a server, and a load generator.
//
//	probe serve PATH
//	probe check PATH
//	probe bench PATH CALLS IN_FLIGHT
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"github.com/gogo/protobuf/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const service = "kata.probe.Probe"

func main() {
	if len(os.Args) < 3 {
		fail(errors.New("usage: probe serve|check PATH, probe bench PATH CALLS IN_FLIGHT"))
	}
	switch path := os.Args[2]; os.Args[1] {
	case "serve":
		fail(serve(path))
	case "check":
		fail(check(path))
	case "bench":
		calls, _ := strconv.Atoi(os.Args[3])
		inFlight, _ := strconv.Atoi(os.Args[4])
		fail(bench(path, calls, inFlight))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

func serve(path string) error {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	server, err := ttrpc.NewServer(ttrpc.WithServerHandshaker(ttrpc.UnixSocketRequireSameUser()))
	if err != nil {
		return err
	}
	server.Register(service, map[string]ttrpc.Method{
		"Echo":      echo,
		"Fail":      failWith,
		"Header":    header,
		"Remaining": remaining,
		"Wait":      wait,
	})
	fmt.Println("ready")
	return server.Serve(context.Background(), listener)
}

func echo(_ context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var text types.StringValue
	if err := unmarshal(&text); err != nil {
		return nil, err
	}
	return &text, nil
}

func failWith(_ context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var code types.Int32Value
	if err := unmarshal(&code); err != nil {
		return nil, err
	}
	return nil, status.Errorf(codes.Code(code.Value), "failed with %d", code.Value)
}

func header(ctx context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var key types.StringValue
	if err := unmarshal(&key); err != nil {
		return nil, err
	}
	metadata, _ := ttrpc.GetMetadata(ctx)
	values, _ := metadata.Get(key.Value)
	return &types.StringValue{Value: strings.Join(values, ",")}, nil
}

func remaining(ctx context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var nothing types.Empty
	if err := unmarshal(&nothing); err != nil {
		return nil, err
	}
	var left time.Duration
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	return &types.Int64Value{Value: left.Nanoseconds()}, nil
}

func wait(ctx context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var nothing types.Empty
	if err := unmarshal(&nothing); err != nil {
		return nil, err
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func dial(path string) (*ttrpc.Client, error) {
	connection, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	return ttrpc.NewClient(connection), nil
}

type step struct {
	name string
	run  func(*ttrpc.Client) error
}

func check(path string) error {
	client, err := dial(path)
	if err != nil {
		return err
	}
	for _, s := range []step{
		{"echo", checkEcho}, {"concurrent", checkConcurrent}, {"status", checkStatus}, {"metadata", checkMetadata},
		{"deadline", checkDeadline}, {"timeout", checkTimeout}, {"unimplemented", checkUnimplemented}, {"oversized", checkOversized},
	} {
		if err := s.run(client); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Println("ok", s.name)
	}
	return client.Close()
}

func call(ctx context.Context, client *ttrpc.Client, text string) error {
	var reply types.StringValue
	if err := client.Call(ctx, service, "Echo", &types.StringValue{Value: text}, &reply); err != nil {
		return err
	}
	if reply.Value != text {
		return fmt.Errorf("%d bytes came back as %d", len(text), len(reply.Value))
	}
	return nil
}

func checkEcho(client *ttrpc.Client) error {
	for _, size := range []int{0, 1, 100, 4086, 4096, 100000, 4<<20 - 100} {
		if err := call(context.Background(), client, strings.Repeat("x", size)); err != nil {
			return err
		}
	}
	return nil
}

func checkConcurrent(client *ttrpc.Client) error {
	results := make(chan error)
	for i := 0; i < 500; i++ {
		go func(i int) { results <- call(context.Background(), client, strings.Repeat("y", i*37)) }(i)
	}
	var first error
	for i := 0; i < 500; i++ {
		if err := <-results; err != nil {
			first = err
		}
	}
	return first
}

func checkStatus(client *ttrpc.Client) error {
	for code := int32(1); code <= 16; code++ {
		err := client.Call(context.Background(), service, "Fail", &types.Int32Value{Value: code}, &types.Empty{})
		got, ok := status.FromError(err)
		if want := fmt.Sprintf("failed with %d", code); !ok || got.Code() != codes.Code(code) || got.Message() != want {
			return fmt.Errorf("code %d came back as %v", code, err)
		}
	}
	return nil
}

func checkMetadata(client *ttrpc.Client) error {
	metadata := ttrpc.MD{}
	metadata.Set("containerd-namespace-ttrpc", "k8s.io")
	metadata.Append("Many", "1", "2")
	ctx := ttrpc.WithMetadata(context.Background(), metadata)
	for key, want := range map[string]string{"containerd-namespace-ttrpc": "k8s.io", "many": "1,2", "none": ""} {
		var reply types.StringValue
		if err := client.Call(ctx, service, "Header", &types.StringValue{Value: key}, &reply); err != nil {
			return err
		}
		if reply.Value != want {
			return fmt.Errorf("%s: %q instead of %q", key, reply.Value, want)
		}
	}
	return nil
}

func checkDeadline(client *ttrpc.Client) error {
	var reply types.Int64Value
	if err := client.Call(context.Background(), service, "Remaining", &types.Empty{}, &reply); err != nil || reply.Value != 0 {
		return fmt.Errorf("without a deadline: %d, %v", reply.Value, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if err := client.Call(ctx, service, "Remaining", &types.Empty{}, &reply); err != nil {
		return err
	}
	if left := time.Duration(reply.Value); left > time.Hour || left < time.Hour-time.Minute {
		return fmt.Errorf("of an hour %v are left", left)
	}
	return nil
}

func checkTimeout(client *ttrpc.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := client.Call(ctx, service, "Wait", &types.Empty{}, &types.Empty{})
	if !errors.Is(err, context.DeadlineExceeded) && status.Code(err) != codes.DeadlineExceeded {
		return fmt.Errorf("ended with %v", err)
	}
	return nil
}

func checkUnimplemented(client *ttrpc.Client) error {
	for _, target := range [][2]string{{service, "Nope"}, {"kata.probe.Nope", "Echo"}} {
		err := client.Call(context.Background(), target[0], target[1], &types.Empty{}, &types.Empty{})
		if status.Code(err) != codes.Unimplemented {
			return fmt.Errorf("%v ended with %v", target, err)
		}
	}
	return nil
}

func checkOversized(client *ttrpc.Client) error {
	err := call(context.Background(), client, strings.Repeat("z", 5<<20))
	if status.Code(err) != codes.ResourceExhausted {
		return fmt.Errorf("ended with %v", err)
	}
	return call(context.Background(), client, "still here")
}

// bench prints calls per second, then the median and the 99th percentile of the latency in nanoseconds.
func bench(path string, calls, inFlight int) error {
	client, err := dial(path)
	if err != nil {
		return err
	}
	latencies := make([]time.Duration, calls)
	var group sync.WaitGroup
	errs := make(chan error, inFlight)
	start := time.Now()
	for worker := 0; worker < inFlight; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for i := worker; i < calls; i += inFlight {
				begin := time.Now()
				if err := call(context.Background(), client, "hello from the probe"); err != nil {
					errs <- err
					return
				}
				latencies[i] = time.Since(begin)
			}
		}(worker)
	}
	group.Wait()
	elapsed := time.Since(start)
	select {
	case err := <-errs:
		return err
	default:
	}
	sort.Slice(latencies, func(a, b int) bool { return latencies[a] < latencies[b] })
	fmt.Printf("%.1f %d %d\n", float64(calls)/elapsed.Seconds(), latencies[calls/2].Nanoseconds(), latencies[calls*99/100].Nanoseconds())
	return nil
}
