using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GpuCnn.Engine;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Tests.Distributed;

/// <summary>
/// What a process does that a launcher started for a test: it joins the others, does what the first argument names, and prints lines that
/// the test reads. The tests' own program is that process, when its first argument is <see cref="Argument"/>.
/// </summary>
internal static unsafe class RankProgram
{
    public const string Argument = "--as-rank";

    /// <summary>Floats of the sums under test: less than ranks, odd, more than a block, and none.</summary>
    private static readonly int[] Counts = [0, 1, 2, 3, 17, 1023, 1024, 4099, 300_007];

    public static int Run(string[] args)
    {
        try
        {
            using Communicator ranks = args is ["join", string stage] ? Join(Enum.Parse<Mpi.JoinStage>(stage)) : Communicator.Join();
            ranks.Lost += loss =>
            {
                if (loss.IsSpeaker) Print($"LOST {loss.Message}");
                ranks.Abort(loss.Message);
                Process.GetCurrentProcess().Kill();
            };
            string work = args[0];
            try
            {
                switch (work)
                {
                    case "check": Check(ranks); break;
                    case "alone": Alone(ranks); break;
                    case "compute": Compute(ranks); break;
                    case "exchange": Exchange(ranks); break;
                    case "fail": Fail(ranks); break;
                    case "crash": Crash(ranks); break;
                    case "leave": Leave(ranks); break;
                    case "idle": Idle(ranks); break;
                    case "speed": Speed(ranks); break;
                    default: throw new ArgumentException(work);
                }
            }
            catch (RankLostException)
            {
                // The handler ends the process.
                Thread.Sleep(10_000);
            }
            catch (GpuCnnException e)
            {
                Print($"FAILED {ranks.Describe(ranks.Rank)}: {e.Message}");
                ranks.Abort(e.Message);
            }
            return 0;
        }
        catch (MpiUnavailableException e)
        {
            Print($"UNAVAILABLE {e.Message}");
            return 4;
        }
        catch (RankLostException loss)
        {
            // While this one joined.
            if (loss.IsSpeaker) Print($"LOST {loss.Message}");
            Process.GetCurrentProcess().Kill();
            return 6;
        }
        catch (InvalidOperationException e)
        {
            Print($"LEFT {e.Message}");
            return 5;
        }
    }

    /// <summary>Rank 1 dies as soon as it has come to a stage, and the others have begun to join.</summary>
    private static Communicator Join(Mpi.JoinStage last)
    {
        Launch launch = Launch.Find()!;
        return Mpi.Join(launch, stage =>
        {
            if (stage == Mpi.JoinStage.Started) Print($"PROCESS {launch.Rank} {Environment.ProcessId}");
            if (launch.Rank != 1 || stage != last) return;
            Thread.Sleep(1000);
            Process.GetCurrentProcess().Kill();
        });
    }

    /// <summary>Checks every operation, and returns a hash of all sums, which any ranks must come to.</summary>
    public static string Hash(Communicator ranks)
    {
        Span<int> numbers = stackalloc int[5];
        for (int root = 0; root < ranks.Size; root++)
        {
            numbers.Fill(ranks.Rank + 10);
            ranks.Broadcast(numbers, root);
            foreach (int number in numbers) Expect(number == root + 10, "broadcast");
        }
        string[] texts = ranks.AllGatherTexts(new string('é', ranks.Rank));
        for (int rank = 0; rank < ranks.Size; rank++) Expect(texts[rank] == new string('é', rank), "texts");
        double[] doubles = [0.1 * (ranks.Rank + 1), ranks.Rank == 0 ? 1e16 : 1];
        ranks.Sum(doubles);
        double first = 0, second = 0;
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            first += 0.1 * (rank + 1);
            second += rank == 0 ? 1e16 : 1;
        }
        Expect(doubles[0] == first && doubles[1] == second, "sum of doubles");

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var sums = new Sums(ranks, Counts);
        for (int round = 0; round < 3; round++)
        {
            sums.Begin(round);
            // A collective call goes past sums that wait for their values.
            ranks.Barrier();
            sums.IsReady = true;
            sums.Finish(round, hash);
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static void Check(Communicator ranks)
    {
        string hash = Hash(ranks);
        // The library's handlers of crashes are not in the runtime's way.
        string? none = Environment.GetEnvironmentVariable("GPUCNN_VARIABLE_OF_NO_MEANING");
        try
        {
            Expect(none!.Length < 0, "a length of nothing");
        }
        catch (NullReferenceException)
        {
            none = "caught";
        }
        Expect(none == "caught", "null");
        // Uneven loads: rank 1 is late each time.
        using var sums = new Sums(ranks, [5, 70_000]);
        for (int round = 0; round < 3; round++)
        {
            if (ranks.Rank == 1) Thread.Sleep(50);
            sums.IsReady = true;
            sums.Begin(round);
            sums.Finish(round, IncrementalHash.CreateHash(HashAlgorithmName.SHA256));
        }
        long allocated = long.MaxValue;
        for (int part = 0; part < 5; part++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int step = 0; step < 50; step++) Step();
            allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Print($"OK rank {ranks.Rank} of {ranks.Size} local {ranks.LocalRank} of {ranks.LocalSize} hash {hash} allocated {allocated} "
            + $"sees {ranks.Describe(ranks.Size - 1)} with {ranks.Description}");

        void Step()
        {
            sums.Again();
            Span<long> own = [1], all = stackalloc long[16];
            ranks.AllGather(own, all[..ranks.Size]);
        }
    }

    /// <summary>Says whether a library of MPI is in the process.</summary>
    private static void Alone(Communicator ranks)
    {
        bool isLoaded = File.ReadLines("/proc/self/maps").Any(line => line.Contains("libmpi", StringComparison.Ordinal));
        Print($"ALONE {ranks.IsAlone} {ReferenceEquals(ranks, Communicator.Alone)} loaded {isLoaded}");
    }

    private static void Compute(Communicator ranks)
    {
        Print($"PROCESS {ranks.Rank} {Environment.ProcessId}");
        double value = 1;
        while (true) value = Math.Sqrt(value + 1);
    }

    private static void Exchange(Communicator ranks)
    {
        using var sums = new Sums(ranks, [3, 200_000]);
        sums.Again();
        Print($"PROCESS {ranks.Rank} {Environment.ProcessId}");
        while (true) sums.Again();
    }

    private static void Fail(Communicator ranks)
    {
        if (ranks.Rank == ranks.Size - 1) throw new GpuCnnException("the device fell off the bus");
        Compute(ranks);
    }

    private static void Crash(Communicator ranks)
    {
        ranks.Barrier();
        if (ranks.Rank == 1) Environment.FailFast("on purpose");
        Compute(ranks);
    }

    /// <summary>An exception passes through the communicator's scope in one rank while the others wait for it.</summary>
    private static void Leave(Communicator ranks)
    {
        if (ranks.Rank == 1) throw new InvalidOperationException("left on purpose");
        ranks.Barrier();
    }

    private static void Idle(Communicator ranks)
    {
        Thread.Sleep(300);
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        Thread.Sleep(2000);
        Print($"IDLE rank {ranks.Rank}: {(Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds:0.0} ms in 2 s");
        before = Process.GetCurrentProcess().TotalProcessorTime;
        if (ranks.Rank == 1) Thread.Sleep(2000);
        ranks.Barrier();
        Print($"WAIT rank {ranks.Rank}: {(Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds:0.0} ms in 2 s");
    }

    private static void Speed(Communicator ranks)
    {
        foreach (int count in (int[])[1, 10_000, 100_000, 1_000_000, 6_000_000])
        {
            using var sums = new Sums(ranks, [count]) { IsReady = true };
            sums.Again();
            ranks.Barrier();
            int repeats = count > 100_000 ? 10 : 200;
            TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
            var watch = Stopwatch.StartNew();
            for (int i = 0; i < repeats; i++) sums.Again();
            double each = watch.Elapsed.TotalMilliseconds / repeats;
            double busy = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds / repeats;
            Print($"SUM rank {ranks.Rank}: {count} floats {each:0.000} ms, {4e-6 * count / each:0.00} GB/s, processor {busy:0.000} ms");
        }
        var all = new byte[64 * ranks.Size];
        for (int i = 0; i < 100; i++) ranks.AllGather<byte>(all.AsSpan(0, 64), all);
        var gathers = Stopwatch.StartNew();
        for (int i = 0; i < 1000; i++) ranks.AllGather<byte>(all.AsSpan(0, 64), all);
        Print($"GATHER rank {ranks.Rank}: {gathers.Elapsed.TotalMicroseconds / 1000:0.0} us");
    }

    private static void Expect(bool holds, string what)
    {
        if (!holds) throw new GpuCnnException($"{what} is wrong");
    }

    private static void Print(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }

    /// <summary>Sums of several sizes in flight, whose values follow from rank, round and place.</summary>
    private sealed class Sums : IDisposable
    {
        private readonly Communicator _ranks;
        private readonly float[][] _values;
        private readonly RankSum[] _sums;
        private readonly Func<bool> _isReady;

        public Sums(Communicator ranks, int[] counts)
        {
            _ranks = ranks;
            _values = [.. counts.Select(count => GC.AllocateArray<float>(count, pinned: true))];
            _sums = [.. counts.Select(ranks.CreateSum)];
            _isReady = () => IsReady;
        }

        public volatile bool IsReady;

        public void Begin(int round)
        {
            for (int k = 0; k < _sums.Length; k++)
            {
                for (int i = 0; i < _values[k].Length; i++) _values[k][i] = Value(_ranks.Rank, round, k, i);
                _sums[k].Begin(Address(k), k % 2 == 0 ? _isReady : null);
            }
        }

        public void Finish(int round, IncrementalHash hash)
        {
            for (int k = _sums.Length - 1; k >= 0; k--)
            {
                _sums[k].Wait();
                Expect(_sums[k].IsDone, "a sum after its wait");
                for (int i = 0; i < _values[k].Length; i++)
                {
                    double sum = 0;
                    for (int rank = 0; rank < _ranks.Size; rank++) sum += Value(rank, round, k, i);
                    Expect(BitConverter.SingleToInt32Bits((float)sum) == BitConverter.SingleToInt32Bits(_values[k][i]),
                        $"float {i} of sum {k} in round {round}");
                }
                hash.AppendData(MemoryMarshal.AsBytes(_values[k].AsSpan()));
            }
            IsReady = false;
        }

        /// <summary>Adds up what is there, all at once.</summary>
        public void Again()
        {
            for (int k = 0; k < _sums.Length; k++) _sums[k].Begin(Address(k));
            foreach (RankSum sum in _sums) sum.Wait();
        }

        public void Dispose()
        {
            foreach (RankSum sum in _sums) sum.Dispose();
        }

        private float* Address(int k) => (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_values[k], 0);

        /// <summary>Values of many magnitudes and both signs, so that another order gives other bits.</summary>
        private static float Value(int rank, int round, int sum, int i)
        {
            uint bits = (uint)(i * 2654435761 + rank * 40503 + round * 97 + sum * 7919);
            bits ^= bits >> 15;
            bits *= 2246822519;
            bits ^= bits >> 13;
            return ((int)bits >> 8) * MathF.Pow(2, (int)(bits & 31) - 30);
        }
    }
}
