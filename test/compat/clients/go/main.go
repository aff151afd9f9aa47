// A franz-go client for the compatibility tests: one subcommand per scenario, results as JSON on standard output.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newClient(options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(os.Args[2])}, options...)...)
	fail(err)
	return client
}

func print(value any) {
	fail(json.NewEncoder(os.Stdout).Encode(value))
}

func codec(name string) kgo.CompressionCodec {
	switch name {
	case "gzip":
		return kgo.GzipCompression()
	case "snappy":
		return kgo.SnappyCompression()
	case "lz4":
		return kgo.Lz4Compression()
	case "zstd":
		return kgo.ZstdCompression()
	default:
		return kgo.NoCompression()
	}
}

type seen struct {
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	Key       string            `json:"key"`
	Value     string            `json:"value"`
	Headers   map[string]string `json:"headers"`
}

func see(record *kgo.Record) seen {
	headers := map[string]string{}
	for _, header := range record.Headers {
		headers[header.Key] = string(header.Value)
	}
	return seen{record.Partition, record.Offset, string(record.Key), string(record.Value), headers}
}

// consume <bootstrap> <topic> <count> [read_committed]: the first records of a topic.
func consume(ctx context.Context) {
	count, err := strconv.Atoi(os.Args[4])
	fail(err)
	options := []kgo.Opt{kgo.ConsumeTopics(os.Args[3]), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}
	if len(os.Args) > 5 {
		options = append(options, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	client := newClient(options...)
	defer client.Close()
	records := []seen{}
	for len(records) < count {
		fetches := client.PollFetches(ctx)
		fail(fetches.Err0())
		fetches.EachRecord(func(record *kgo.Record) { records = append(records, see(record)) })
	}
	print(records)
}

// produce <bootstrap> <topic> <count> <codec>: records with keys and headers; prints their partitions and offsets.
func produce(ctx context.Context) {
	count, err := strconv.Atoi(os.Args[4])
	fail(err)
	client := newClient(kgo.ProducerBatchCompression(codec(os.Args[5])), kgo.AllowAutoTopicCreation())
	defer client.Close()
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = &kgo.Record{
			Topic:   os.Args[3],
			Key:     []byte(fmt.Sprintf("key-%d", i)),
			Value:   []byte(fmt.Sprintf("value-%d of text that repeats and repeats and repeats", i)),
			Headers: []kgo.RecordHeader{{Key: "index", Value: []byte(strconv.Itoa(i))}},
		}
	}
	results := client.ProduceSync(ctx, records...)
	fail(results.FirstErr())
	written := make([]seen, count)
	for i, result := range results {
		written[i] = see(result.Record)
	}
	print(written)
}

// group <bootstrap> <topic> <group> <members> <count> [consumer]: members of one group, under KIP-848 where it says so, read until together they have `count` records, commit and
// leave; prints what each of them read.
func group(ctx context.Context) {
	members, err := strconv.Atoi(os.Args[5])
	fail(err)
	count, err := strconv.Atoi(os.Args[6])
	fail(err)
	var mutex sync.Mutex
	var waiting sync.WaitGroup
	total := 0
	read := make([][]seen, members)
	done, finish := context.WithCancel(ctx)
	defer finish()
	for member := range members {
		read[member] = []seen{}
		options := []kgo.Opt{
			kgo.ConsumerGroup(os.Args[4]),
			kgo.ConsumeTopics(os.Args[3]),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
			kgo.DisableAutoCommit(),
			kgo.BlockRebalanceOnPoll(),
			kgo.HeartbeatInterval(200 * time.Millisecond),
		}
		if len(os.Args) > 7 {
			options = append(options, kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
		}
		client := newClient(options...)
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			defer client.CloseAllowingRebalance()
			for done.Err() == nil {
				fetches := client.PollRecords(done, 20)
				if err := fetches.Err0(); err != nil && !errors.Is(err, context.Canceled) {
					fail(err)
				}
				records := fetches.Records()
				if len(records) > 0 {
					fail(client.CommitRecords(ctx, records...))
				}
				mutex.Lock()
				for _, record := range records {
					read[member] = append(read[member], see(record))
				}
				total += len(records)
				if total >= count {
					finish()
				}
				mutex.Unlock()
				client.AllowRebalance()
			}
		}()
	}
	waiting.Wait()
	print(read)
}

// list <bootstrap> <topic> [group]: what the admin client sees.
func list(ctx context.Context) {
	client := newClient()
	defer client.Close()
	admin := kadm.NewClient(client)
	metadata, err := admin.BrokerMetadata(ctx)
	fail(err)
	topics, err := admin.ListTopics(ctx)
	fail(err)
	groups, err := admin.ListGroups(ctx)
	fail(err)
	ends, err := admin.ListEndOffsets(ctx)
	fail(err)
	committed := map[string]int64{}
	if len(os.Args) > 4 {
		offsets, err := admin.FetchOffsets(ctx, os.Args[4])
		fail(err)
		offsets.Each(func(offset kadm.OffsetResponse) {
			committed[fmt.Sprintf("%s-%d", offset.Topic, offset.Partition)] = offset.At
		})
	}
	end := map[string]int64{}
	ends.Each(func(offset kadm.ListedOffset) {
		end[fmt.Sprintf("%s-%d", offset.Topic, offset.Partition)] = offset.Offset
	})
	print(map[string]any{
		"brokers": metadata.Brokers.NodeIDs(), "topics": topics.Names(), "groups": groups.Groups(), "committed": committed, "end": end,
	})
}

// create <bootstrap> <topic> <partitions> [name=value ...]
func create(ctx context.Context) {
	partitions, err := strconv.Atoi(os.Args[4])
	fail(err)
	client := newClient()
	defer client.Close()
	configs := map[string]*string{}
	for _, setting := range os.Args[5:] {
		name, value, _ := strings.Cut(setting, "=")
		configs[name] = &value
	}
	created, err := kadm.NewClient(client).CreateTopic(ctx, int32(partitions), 1, configs, os.Args[3])
	fail(err)
	fail(created.Err)
}

// transactions <bootstrap> <topic>: ten transactions of ten records, every other one aborted.
func transactions(ctx context.Context) {
	client := newClient(kgo.TransactionalID("go-"+os.Args[3]), kgo.AllowAutoTopicCreation())
	defer client.Close()
	for transaction := range 10 {
		fail(client.BeginTransaction())
		end := kgo.TryCommit
		word := "committed"
		if transaction%2 == 1 {
			end = kgo.TryAbort
			word = "aborted"
		}
		for i := range 10 {
			value := fmt.Sprintf("%s-%d-%d", word, transaction, i)
			fail(client.ProduceSync(ctx, &kgo.Record{Topic: os.Args[3], Value: []byte(value)}).FirstErr())
		}
		fail(client.EndTransaction(ctx, end))
	}
	print("done")
}

// copy <bootstrap> <source> <target> <group> <count>: a member of the group copies what it reads in transactions of up to ten records with
// its offsets; every third is aborted and comes again. Prints how many were aborted.
func copyRecords(ctx context.Context) {
	count, err := strconv.Atoi(os.Args[6])
	fail(err)
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(os.Args[2]),
		kgo.TransactionalID("go-"+os.Args[4]),
		kgo.ConsumerGroup(os.Args[5]),
		kgo.ConsumeTopics(os.Args[3]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	fail(err)
	defer session.Close()
	aborted := 0
	for copied, attempts := 0, 1; copied < count; attempts++ {
		fetches := session.PollRecords(ctx, 10)
		fail(fetches.Err())
		fail(session.Begin())
		for _, record := range fetches.Records() {
			copied := &kgo.Record{Topic: os.Args[4], Partition: record.Partition, Key: record.Key, Value: record.Value}
			session.Produce(ctx, copied, func(_ *kgo.Record, err error) { fail(err) })
		}
		// An abort drops what has not been sent yet, and these are to be aborted by their marker.
		fail(session.Client().Flush(ctx))
		end := kgo.TryCommit
		if attempts%3 == 0 {
			end = kgo.TryAbort
		}
		committed, err := session.End(ctx, end)
		fail(err)
		if committed {
			copied += len(fetches.Records())
		} else {
			aborted++
		}
	}
	print(aborted)
}

// read <bootstrap> <topic> <partitions>: what a read_committed consumer sees of a topic, by partition.
func read(ctx context.Context) {
	partitions, err := strconv.Atoi(os.Args[4])
	fail(err)
	client := newClient(
		kgo.ConsumeTopics(os.Args[3]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
	)
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, os.Args[3])
	fail(err)
	values := make([][]string, partitions)
	// Control records are kept, so that the end of a partition is seen whatever stands there.
	for left := partitions; left > 0; {
		fetches := client.PollFetches(ctx)
		fail(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) {
			if !record.Attrs.IsControl() {
				values[record.Partition] = append(values[record.Partition], string(record.Value))
			}
			if end, _ := ends.Lookup(os.Args[3], record.Partition); record.Offset == end.Offset-1 {
				left--
			}
		})
	}
	print(values)
}

// drain <bootstrap> <topic>: every record up to the end of each partition, which compaction never takes.
func drain(ctx context.Context) {
	client := newClient(kgo.ConsumeTopics(os.Args[3]), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, os.Args[3])
	fail(err)
	missing := map[int32]int64{}
	ends.Each(func(offset kadm.ListedOffset) {
		if offset.Offset > 0 {
			missing[offset.Partition] = offset.Offset
		}
	})
	records := []seen{}
	for len(missing) > 0 {
		fetches := client.PollFetches(ctx)
		fail(fetches.Err0())
		fetches.EachRecord(func(record *kgo.Record) {
			records = append(records, see(record))
			if record.Offset+1 >= missing[record.Partition] {
				delete(missing, record.Partition)
			}
		})
	}
	print(records)
}

// load <bootstrap> <topic> <producers> <partitions> [keys]: idempotent producers, acks=all, each writing its own numbers to its own partition in
// order and without end; every acknowledgement is a line `producer number partition offset`. A broker that is away is waited for.
// Ends when standard input does, after everything in flight is acknowledged. With `keys`, each producer's records go round that many
// keys of its own.
func load(ctx context.Context) {
	producers, err := strconv.Atoi(os.Args[4])
	fail(err)
	partitions, err := strconv.Atoi(os.Args[5])
	fail(err)
	keys := 0
	if len(os.Args) > 6 {
		keys, err = strconv.Atoi(os.Args[6])
		fail(err)
	}
	stopping, stop := context.WithCancel(ctx)
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		stop()
	}()
	lines := make(chan string, 10000)
	var waiting sync.WaitGroup
	for producer := range producers {
		client := newClient(
			kgo.RecordPartitioner(kgo.ManualPartitioner()),
			kgo.ProducerLinger(time.Millisecond),
			kgo.MaxBufferedRecords(200),
			kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }),
			kgo.MetadataMinAge(50*time.Millisecond),
			kgo.RecordRetries(1_000_000),
			kgo.UnknownTopicRetries(-1),
			kgo.DialTimeout(time.Second),
			kgo.ProduceRequestTimeout(2*time.Second),
			kgo.RequestTimeoutOverhead(2*time.Second),
			kgo.RetryTimeout(2*time.Minute),
		)
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			defer client.Close()
			for number := 0; stopping.Err() == nil; number++ {
				record := &kgo.Record{
					Topic: os.Args[3], Partition: int32(producer % partitions), Value: []byte(fmt.Sprintf("%d:%d", producer, number)),
				}
				if keys > 0 {
					record.Key = []byte(fmt.Sprintf("%d:%d", producer, number%keys))
				}
				client.Produce(ctx, record, func(record *kgo.Record, err error) {
					fail(err)
					lines <- fmt.Sprintf("%d %d %d %d\n", producer, number, record.Partition, record.Offset)
				})
			}
			fail(client.Flush(ctx))
		}()
	}
	go func() {
		waiting.Wait()
		close(lines)
	}()
	for line := range lines {
		_, _ = os.Stdout.WriteString(line)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	scenarios := map[string]func(context.Context){
		"consume": consume, "produce": produce, "group": group, "list": list, "create": create, "transactions": transactions, "load": load,
		"copy": copyRecords, "read": read, "drain": drain,
	}
	scenario, known := scenarios[os.Args[1]]
	if !known {
		fail(fmt.Errorf("unknown scenario %s", os.Args[1]))
	}
	scenario(ctx)
}
