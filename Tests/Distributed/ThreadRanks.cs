using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using GpuCnn.Engine;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Tests.Distributed;

/// <summary>Ranks that are threads of this process. What needs ranks is so tested without MPI.</summary>
internal static class ThreadRanks
{
    /// <summary>Runs a function on each rank and returns the results. If one fails, the others end, and its failure is thrown.</summary>
    public static T[] Run<T>(int size, Func<Communicator, T> body)
    {
        var group = new Group(size);
        var results = new T[size];
        var threads = new Thread[size];
        for (int rank = 0; rank < size; rank++)
        {
            int own = rank;
            threads[rank] = new Thread(() =>
            {
                using var communicator = new ThreadRank(group, own);
                try
                {
                    results[own] = body(communicator);
                }
                catch (Exception exception)
                {
                    group.Fail(exception);
                }
            })
            { IsBackground = true, Name = $"rank {rank}" };
            threads[rank].Start();
        }
        foreach (Thread thread in threads) thread.Join();
        group.Failure?.Throw();
        return results;
    }

    public static void Run(int size, Action<Communicator> body) => Run(size, communicator =>
    {
        body(communicator);
        return 0;
    });

    private sealed class Group(int size)
    {
        private readonly ConcurrentDictionary<(string Kind, long Number), Meeting> _meetings = [];

        public int Size => size;

        public ExceptionDispatchInfo? Failure { get; private set; }

        /// <summary>The first failure is the cause; those of ranks that it ended are not.</summary>
        public void Fail(Exception exception)
        {
            lock (this) Failure ??= ExceptionDispatchInfo.Capture(exception);
        }

        /// <summary>Waits until every rank has brought its bytes to the meeting of this number, and returns them in rank order.</summary>
        public byte[][] Meet(string kind, long number, int rank, byte[] own)
        {
            Meeting meeting = _meetings.GetOrAdd((kind, number), _ => new(size));
            meeting.Brought[rank] = own;
            if (Interlocked.Increment(ref meeting.Count) == size) meeting.IsComplete.Set();
            while (!meeting.IsComplete.Wait(20))
                if (Failure is not null) throw new RankEndedException();
            if (Interlocked.Increment(ref meeting.Left) == size) _meetings.TryRemove((kind, number), out _);
            if (meeting.Brought.Any(bytes => bytes.Length != own.Length))
                throw new InvalidOperationException(
                    $"Rank {rank} brought {own.Length} bytes, others {string.Join(", ", meeting.Brought.Select(bytes => bytes.Length))}.");
            return meeting.Brought;
        }
    }

    private sealed class Meeting(int size)
    {
        public readonly byte[][] Brought = new byte[size][];
        public readonly ManualResetEventSlim IsComplete = new();
        public int Count, Left;
    }

    private sealed class RankEndedException() : Exception("Another rank failed.");

    private sealed class ThreadRank(Group group, int rank) : Communicator
    {
        private long _meetings, _sums;
        private Task _last = Task.CompletedTask;

        public override int Rank => rank;

        public override int Size => group.Size;

        public override int LocalRank => rank;

        public override int LocalSize => group.Size;

        public override string Description => $"{group.Size} threads";

        public override void Broadcast(Span<byte> values, int root = 0) =>
            group.Meet("collective", _meetings++, rank, values.ToArray())[root].CopyTo(values);

        public override void AllGather(ReadOnlySpan<byte> own, Span<byte> all)
        {
            byte[][] brought = group.Meet("collective", _meetings++, rank, own.ToArray());
            for (int other = 0; other < Size; other++) brought[other].CopyTo(all[(other * own.Length)..]);
        }

        public override RankSum CreateSum(int count) => new ThreadSum(this, count);

        public override void Abort(string message) => group.Fail(new GpuCnnException(message));

        private sealed unsafe class ThreadSum(ThreadRank owner, int count) : RankSum
        {
            private Task _task = Task.CompletedTask;

            public override bool IsDone => _task.IsCompleted;

            public override void Begin(float* values, Func<bool>? isReady = null)
            {
                nint address = (nint)values;
                long number = owner._sums++;
                _task = owner._last = owner._last.ContinueWith(_ => Add(address, number, isReady), TaskScheduler.Default);
            }

            public override void Wait() => _task.GetAwaiter().GetResult();

            private void Add(nint address, long number, Func<bool>? isReady)
            {
                long began = Stopwatch.GetTimestamp();
                while (isReady?.Invoke() == false) Thread.Yield();
                var values = new Span<byte>((void*)address, sizeof(float) * count);
                byte[][] brought = owner.Shared.Meet("sum", number, owner.Rank, values.ToArray());
                var sums = new Span<float>((void*)address, count);
                for (int i = 0; i < count; i++)
                {
                    double sum = 0;
                    foreach (byte[] bytes in brought) sum += BitConverter.ToSingle(bytes, sizeof(float) * i);
                    sums[i] = (float)sum;
                }
                Times = (began, Stopwatch.GetTimestamp());
            }
        }

        private Group Shared => group;
    }
}
