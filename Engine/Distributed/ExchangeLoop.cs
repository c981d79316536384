using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Sums pieces over ranks again and again on a thread of its own, to measure what goes on beside it. Until it has ended, nothing else may
/// use the communicator.
/// </summary>
internal sealed unsafe class ExchangeLoop : IDisposable
{
    private readonly RankSum[] _sums;
    private readonly nint[] _values;
    private Thread? _thread;
    private double _seconds;
    private ExceptionDispatchInfo? _failure;

    /// <param name="pieces">Bytes of each piece.</param>
    public ExchangeLoop(Communicator ranks, IReadOnlyList<long> pieces)
    {
        _sums = new RankSum[pieces.Count];
        _values = new nint[pieces.Count];
        for (int i = 0; i < _sums.Length; i++)
        {
            _sums[i] = ranks.CreateSum(checked((int)(pieces[i] / sizeof(float))));
            _values[i] = (nint)NativeMemory.AllocZeroed((nuint)pieces[i]);
        }
    }

    /// <summary>Whether all sums of <see cref="Start"/> are there, or one failed.</summary>
    public bool HasEnded { get => Volatile.Read(ref field); private set => Volatile.Write(ref field, value); }

    /// <summary>Begins to sum on a thread of its own.</summary>
    /// <param name="repetitions">Times that all pieces are summed.</param>
    public void Start(int repetitions)
    {
        _thread = new Thread(() =>
        {
            try
            {
                _seconds = Run(repetitions);
            }
            catch (Exception exception)
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
            }
            HasEnded = true;
        })
        { IsBackground = true, Name = "exchange loop" };
        _thread.Start();
    }

    /// <summary>Waits for the end and returns the seconds of all repetitions.</summary>
    public double Join()
    {
        _thread?.Join();
        _failure?.Throw();
        return _seconds;
    }

    /// <summary>Sums on the caller's thread, and returns the seconds of all repetitions.</summary>
    public double Run(int repetitions)
    {
        long start = Stopwatch.GetTimestamp();
        for (int repetition = 0; repetition < repetitions; repetition++)
        {
            for (int i = 0; i < _sums.Length; i++) _sums[i].Begin((float*)_values[i]);
            foreach (RankSum sum in _sums) sum.Wait();
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        foreach (RankSum sum in _sums) sum.Dispose();
        foreach (nint address in _values) NativeMemory.Free((void*)address);
    }
}
