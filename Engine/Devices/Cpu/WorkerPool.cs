using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>
/// The threads of a CPU device. The caller of <see cref="Run"/> is one of them; the others spin briefly for the next kernel, then sleep. A
/// counter hands out chunks, so a delayed thread delays only its current chunk.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    // The counter holds Idle plus the chunks not handed out. A thread that counts it below Idle came too late and gets none.
    private const int Idle = 1 << 30;

    private const int SpinsBeforeSleep = 2000;

    private readonly object _sleep = new();
    private readonly Thread[] _workers;
    private readonly PaddedCounter _tickets = new() { Value = Idle };
    private readonly PaddedCounter _done = new();
    private volatile ICpuKernel? _kernel;
    private volatile Exception? _failure;
    private int _chunks, _sleeping;
    private volatile bool _stop;

    public WorkerPool(int threads)
    {
        Threads = threads;
        _workers = new Thread[threads - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Thread(Work) { IsBackground = true, Name = $"gpucnn cpu {i + 1}" };
            _workers[i].Start();
        }
    }

    public int Threads { get; }

    /// <summary>Runs all chunks of a kernel, and returns when all are done.</summary>
    public void Run(ICpuKernel kernel)
    {
        int chunks = kernel.Chunks;
        if (chunks <= 1 || _workers.Length == 0)
        {
            for (int chunk = 0; chunk < chunks; chunk++) kernel.Run(chunk);
            return;
        }
        _kernel = kernel;
        _chunks = chunks;
        Volatile.Write(ref _done.Value, 0);
        Interlocked.Exchange(ref _tickets.Value, Idle + chunks);
        if (Volatile.Read(ref _sleeping) > 0) Wake();
        TakeChunks();
        var spin = new SpinWait();
        while (Volatile.Read(ref _done.Value) < chunks)
        {
            if (spin.Count < 50) spin.SpinOnce(-1);
            else Thread.Yield();
        }
        if (_failure is { } failure)
        {
            _failure = null;
            throw new InvalidOperationException($"{kernel.GetType().Name} failed.", failure);
        }
    }

    public void Dispose()
    {
        _stop = true;
        Wake();
        foreach (Thread worker in _workers) worker.Join();
    }

    private void TakeChunks()
    {
        while (true)
        {
            int left = Interlocked.Decrement(ref _tickets.Value) - Idle;
            if (left < 0) break;
            // Holding a chunk keeps its kernel current, so the fields read here belong to it.
            try
            {
                _kernel!.Run(_chunks - 1 - left);
            }
            catch (Exception exception)
            {
                _failure = exception;
            }
            Interlocked.Increment(ref _done.Value);
        }
    }

    private void Work()
    {
        while (true)
        {
            for (int spins = 0; spins < SpinsBeforeSleep && !HasWork; spins++) Thread.SpinWait(10);
            if (!HasWork) Sleep();
            if (_stop) return;
            TakeChunks();
        }
    }

    private bool HasWork => _stop || Volatile.Read(ref _tickets.Value) > Idle;

    private void Sleep()
    {
        lock (_sleep)
        {
            while (true)
            {
                Volatile.Write(ref _sleeping, _sleeping + 1);
                // Whoever publishes work after this sees the sleeper and takes the lock to wake it; work published before is seen here.
                Interlocked.MemoryBarrier();
                if (!HasWork) Monitor.Wait(_sleep);
                Volatile.Write(ref _sleeping, _sleeping - 1);
                if (HasWork) return;
            }
        }
    }

    private void Wake()
    {
        lock (_sleep) Monitor.PulseAll(_sleep);
    }

    /// <summary>A counter alone on its cache lines.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit, Size = 256)]
    private sealed class PaddedCounter
    {
        [System.Runtime.InteropServices.FieldOffset(128)] public int Value;
    }
}
