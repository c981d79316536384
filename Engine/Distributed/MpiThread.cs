using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// The one thread that calls MPI, so that any library's level of thread support will do. Operations are handed over to it. MPI's blocking
/// calls would spin, on a core that computes; so it starts non-blocking ones and asks after them, first at once, then with pauses that grow
/// with the time waited. With nothing to do it sleeps, but for a look at messages of other ranks a few times a second.
/// </summary>
internal sealed partial class MpiThread
{
    /// <summary>Time between two looks at messages while nothing else happens.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private static readonly long BeatTicks = (long)(Beat.TotalSeconds * Stopwatch.Frequency);

    /// <summary>30 us without a pause: small exchanges within a host end in that time.</summary>
    private static readonly long SpinTicks = Stopwatch.Frequency / 33_000;

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly List<MpiOperation> _posted = new(64), _active = new(64);
    private readonly Thread _thread;
    private Exception? _failure;
    private Action? _last;
    private volatile bool _isEnding, _isBeatDue;
    private bool _isBroken;

    public MpiThread(MpiApi api)
    {
        Api = api;
        _thread = new Thread(Run) { IsBackground = true, Name = "mpi" };
        _thread.Start();
    }

    public MpiApi Api { get; }

    /// <summary>Looks at messages. Called on the thread.</summary>
    public Action? OnBeat { get; set; }

    /// <summary>
    /// Told of a call that failed. Called on the thread, which makes no call after it; <see cref="Fail"/> ends operations.
    /// </summary>
    public Action<Exception>? OnFailure { get; set; }

    /// <summary>
    /// Called on the thread after <see cref="Fail"/>, unless a call failed: the last that it does but for <see cref="DoLast"/>.
    /// </summary>
    public Action? OnFailed { get; set; }

    /// <summary>Hands over an operation.</summary>
    public void Post(MpiOperation operation, long number)
    {
        operation.Prepare(number);
        lock (_gate)
        {
            if (_failure is { } failure)
            {
                operation.End(failure);
                throw failure;
            }
            _posted.Add(operation);
        }
        _wake.Set();
    }

    /// <summary>Runs a function on the thread and waits for it.</summary>
    public void Do(Action action)
    {
        using var call = new Call(action);
        Post(call, -1);
        call.Wait();
    }

    /// <summary>Ends all operations, and those that are handed over later, by a failure. No call of MPI is made after it.</summary>
    public void Fail(Exception failure)
    {
        lock (_gate)
        {
            if (_failure is not null) return;
            _failure = failure;
            foreach (MpiOperation operation in _posted) operation.End(failure);
            foreach (MpiOperation operation in _active) operation.End(failure);
            _posted.Clear();
        }
        _wake.Set();
    }

    /// <summary>Looks at messages soon, on the thread.</summary>
    public void BeatNow()
    {
        _isBeatDue = true;
        _wake.Set();
    }

    /// <summary>Bytes of the exchanges that are under way. Called on the thread.</summary>
    public long BytesExchanged()
    {
        long bytes = 0;
        foreach (MpiOperation operation in _active)
            if (operation.IsExchanging) bytes += operation.Bytes;
        return bytes;
    }

    /// <summary>Whether an operation of this number or a later one is under way.</summary>
    public bool HasFrom(long number)
    {
        lock (_gate)
        {
            foreach (MpiOperation operation in _active)
                if (operation.Number >= number) return true;
            foreach (MpiOperation operation in _posted)
                if (operation.Number >= number) return true;
            return false;
        }
    }

    /// <summary>Runs a function on the thread although operations failed, if the thread is free within the time. Returns whether.</summary>
    public bool DoLast(Action action, TimeSpan limit)
    {
        _last = action;
        _isEnding = true;
        _wake.Set();
        return Thread.CurrentThread != _thread && _thread.Join(limit);
    }

    private void Run()
    {
        Native.SharpenTimer();
        long idleSince = Stopwatch.GetTimestamp(), nextBeat = idleSince;
        while (!_isEnding)
        {
            bool moved = Take(), isExchanging = false;
            if (!_isBroken && Volatile.Read(ref _failure) is not null)
            {
                Guard(OnFailed);
                _isBroken = true;
            }
            for (int i = 0; i < _active.Count && !_isBroken; i++)
            {
                MpiOperation operation = _active[i];
                if (!Advance(operation))
                {
                    isExchanging |= operation.IsExchanging;
                    continue;
                }
                lock (_gate) _active.RemoveAt(i--);
                operation.End();
                moved = true;
            }
            long now = Stopwatch.GetTimestamp();
            if ((now >= nextBeat || _isBeatDue) && !_isBroken)
            {
                _isBeatDue = false;
                nextBeat = now + BeatTicks;
                Guard(OnBeat);
            }
            if (moved) idleSince = now;
            else if (_active.Count == 0 || _isBroken) _wake.WaitOne(Beat);
            else Pause(now - idleSince, isExchanging);
        }
        _last?.Invoke();
    }

    private bool Take()
    {
        lock (_gate)
        {
            if (_posted.Count == 0) return false;
            _active.AddRange(_posted);
            _posted.Clear();
            return true;
        }
    }

    private bool Advance(MpiOperation operation)
    {
        try
        {
            return operation.Advance(Api);
        }
        catch (Exception e)
        {
            Break(e);
            return false;
        }
    }

    private void Guard(Action? action)
    {
        try
        {
            action?.Invoke();
        }
        catch (MpiCallException e)
        {
            Break(e);
        }
    }

    private void Break(Exception failure)
    {
        _isBroken = true;
        OnFailure?.Invoke(failure);
    }

    /// <summary>
    /// Pauses a two hundredth of the time waited: that adds little to a wait, and a long one costs a core next to nothing. While only the
    /// caller's values are waited for, nothing else depends on an answer, and a pause may be longer.
    /// </summary>
    private static void Pause(long waited, bool isExchanging)
    {
        if (waited < SpinTicks)
        {
            Thread.SpinWait(20);
            return;
        }
        long nanoseconds = (long)(waited * (1e9 / Stopwatch.Frequency)) / 200;
        Native.Sleep(Math.Clamp(nanoseconds, isExchanging ? 20_000 : 100_000, 1_000_000));
    }

    private sealed class Call(Action action) : MpiOperation
    {
        public override bool Advance(MpiApi api)
        {
            try
            {
                action();
                return true;
            }
            catch (Exception e)
            {
                End(e);
                return true;
            }
        }
    }

    private static unsafe partial class Native
    {
        private const int SetTimerSlack = 29;

        /// <summary>Linux adds 50 us to every pause of a thread unless told otherwise.</summary>
        public static void SharpenTimer()
        {
            if (OperatingSystem.IsLinux()) _ = Control(SetTimerSlack, 1000, 0, 0, 0);
        }

        public static void Sleep(long nanoseconds)
        {
            if (OperatingSystem.IsWindows())
            {
                Thread.Sleep(1);
                return;
            }
            nint* time = stackalloc nint[2] { 0, (nint)nanoseconds };
            _ = NanoSleep(time, null);
        }

        [LibraryImport("libc", EntryPoint = "prctl")]
        private static partial int Control(int option, nuint a, nuint b, nuint c, nuint d);

        [LibraryImport("libc", EntryPoint = "nanosleep")]
        private static partial int NanoSleep(nint* time, nint* left);
    }
}
