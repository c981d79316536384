using System.Diagnostics;
using System.Runtime.InteropServices;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Debug;

/// <summary>
/// Runs kernels as the C# they are written in, on the caller's thread: groups one after another, the warps of a group in turns from
/// barrier to barrier, the threads of a warp in turns from one collective function to the next. The order is always the same, and a
/// debugger can step through it. Shared and local memory start as NaN. Faults are reported with the kernel, the thread and the line.
/// </summary>
public sealed unsafe class DebugLauncher : IDisposable
{
    /// <summary>Shared memory per group that every CUDA device has, and the most that any has.</summary>
    private const int SharedBytes = 48 * 1024, MostSharedBytes = 227 * 1024;

    private const int LocalBytes = 8 * 1024;

    private readonly WarpExchange _exchange = new();
    private readonly List<PendingCopies> _copies = [];

    private nint _shared = Allocate(SharedBytes);
    private int _sharedRoom = SharedBytes, _sharedBytes;
    private nint _local;
    private string _watched = "";
    private int _localThreads;

    /// <summary>Runs a kernel to its end.</summary>
    /// <exception cref="GpuCnnException">The kernel has a fault; the message names the kernel, the group, the thread and the
    /// line.</exception>
    public void Run<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel
    {
        ObjectDisposedException.ThrowIf(_shared == 0, this);
        if (ArgumentOverlap.Has(kernel))
            throw new GpuCnnException(
                $"Kernel {TKernel.Text.Name}: a view that it writes overlaps another argument; "
                + "give it memory of its own, or mark the kernel InPlace.");
        var written = new WrittenViews();
        kernel.Bind(ref written);
        RunGroups(kernel, groups);
        (nint address, int index) = written.FirstUnset();
        if (address != 0) FindWriter(kernel, groups, written, address, index);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree((void*)_shared);
        NativeMemory.AlignedFree((void*)_local);
        _shared = _local = 0;
    }

    /// <summary>Restores the arguments and runs the kernel again, up to the thread that writes the element.</summary>
    private void FindWriter<TKernel>(TKernel kernel, Size3 groups, WrittenViews written, nint address, int index)
        where TKernel : struct, IKernel
    {
        written.Restore();
        AccessWatch.Address = address;
        _watched = $"what it writes to element {index} comes from memory that nothing was written to";
        try
        {
            RunGroups(kernel, groups);
        }
        finally
        {
            AccessWatch.Address = 0;
        }
    }

    private void RunGroups<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel
    {
        Size3 shape = kernel.GroupShape;
        ReserveShared(TKernel.Text.Name, kernel.SharedBytes);
        ReserveLocal(TKernel.Text.HasBarriers ? shape.Count : 1);
        new Span<byte>((void*)_shared, _sharedBytes).Fill(KernelMemory.Unset);
        // A delegate keeps the body out of the loops below, so that it has its own line in a stack trace.
        Action body = kernel.Execute;
        KernelThread.Current = new() { GroupShape = shape, Groups = groups };
        try
        {
            for (int group = 0; group < groups.Count; group++)
            {
                KernelThread.Current.Group = Position(group, groups);
                if (TKernel.Text.HasBarriers) RunInTurns(kernel, shape);
                else RunThrough(body, shape);
            }
        }
        catch (Exception fault) when (fault is KernelFaultException or ArithmeticException)
        {
            string line = AccessWatch.Address != 0
                ? AccessWatch.Last ?? "" : AccessWatch.LineIn(new StackTrace(fault, fNeedFileInfo: true), typeof(DebugLauncher));
            throw new GpuCnnException($"Kernel {TKernel.Text.Name}, {Place(KernelThread.Current)}{line}: {fault.Message}.", fault);
        }
        finally
        {
            KernelThread.Current = default;
        }
    }

    private void RunThrough(Action body, Size3 shape)
    {
        ref KernelThread thread = ref KernelThread.Current;
        int used = 0;
        thread.Copies = CopiesOf(0);
        for (int z = 0; z < shape.Z; z++)
        {
            for (int y = 0; y < shape.Y; y++)
            {
                for (int x = 0; x < shape.X; x++)
                {
                    thread.Thread = new(x, y, z);
                    thread.SharedMemory = new(_shared, _sharedBytes, isOwn: false);
                    thread.LocalMemory = new(_local, LocalBytes, isOwn: true);
                    thread.Copies.Clear();
                    body();
                    CheckWatched();
                    used = thread.SharedMemory.Used;
                }
            }
        }
        new Span<byte>((void*)_shared, used).Fill(KernelMemory.Unset);
    }

    private void RunInTurns<TKernel>(TKernel kernel, Size3 shape) where TKernel : struct, IKernel
    {
        var bodies = new IEnumerator<BarrierSite>[shape.Count];
        var threads = new KernelThread[shape.Count];
        for (int i = 0; i < threads.Length; i++)
        {
            bodies[i] = kernel.Steps()!;
            threads[i] = KernelThread.Current with
            {
                Thread = Position(i, shape),
                SharedMemory = new(_shared, _sharedBytes, isOwn: false),
                LocalMemory = new(_local + i * LocalBytes, LocalBytes, isOwn: true),
                Warp = _exchange,
                Copies = CopiesOf(i),
            };
        }
        BarrierSite? first;
        do
        {
            first = RunWarp<TKernel>(bodies, threads, 0);
            for (int warp = Warp.Size; warp < threads.Length; warp += Warp.Size)
            {
                BarrierSite? site = RunWarp<TKernel>(bodies, threads, warp);
                if (site != first) throw Apart<TKernel>(threads[warp], site, threads[0], first);
            }
        }
        while (first is not null);
        new Span<byte>((void*)_shared, threads[0].SharedMemory.Used).Fill(KernelMemory.Unset);
    }

    /// <summary>Runs the threads of a warp to the group's next barrier, or to their end, which is null.</summary>
    private BarrierSite? RunWarp<TKernel>(IEnumerator<BarrierSite>[] bodies, KernelThread[] threads, int start)
        where TKernel : struct, IKernel
    {
        int end = Math.Min(start + Warp.Size, threads.Length);
        while (true)
        {
            BarrierSite? first = null;
            for (int i = start; i < end; i++)
            {
                KernelThread.Current = threads[i];
                BarrierSite? site = bodies[i].MoveNext() ? bodies[i].Current : null;
                CheckWatched();
                threads[i] = KernelThread.Current;
                if (i == start) first = site;
                else if (site != first) throw Apart<TKernel>(threads[i], site, threads[start], first);
            }
            if (first is not { IsWarp: true }) return first;
            if (threads.Length % Warp.Size != 0)
                throw new GpuCnnException(
                    $"Kernel {TKernel.Text.Name}: its warps work together, so a group needs a multiple of {Warp.Size} threads, "
                    + $"but has {threads.Length}.");
            _exchange.Complete();
        }
    }

    private static GpuCnnException Apart<TKernel>(in KernelThread thread, BarrierSite? site, in KernelThread other, BarrierSite? otherSite)
        where TKernel : struct, IKernel
    {
        string rule = site is { IsWarp: true } || otherSite is { IsWarp: true }
            ? $"All {Warp.Size} threads of a warp must make the same call."
            : "All threads of a group must reach the same barrier.";
        return new($"Kernel {TKernel.Text.Name}, {Place(thread)}: the thread {Describe(site)}, but thread {other.Thread} "
            + $"{Describe(otherSite)}. {rule}");
    }

    private PendingCopies CopiesOf(int thread)
    {
        while (_copies.Count <= thread) _copies.Add(new());
        _copies[thread].Clear();
        return _copies[thread];
    }

    private void CheckWatched()
    {
        if (AccessWatch.Address != 0 && WrittenViews.IsUnset((nint)AccessWatch.Address)) throw new KernelFaultException(_watched);
    }

    private void ReserveShared(string kernel, int bytes)
    {
        if (bytes > MostSharedBytes)
            throw new GpuCnnException(
                $"Kernel {kernel}: its groups need {bytes} bytes of shared memory, but no device has more than {MostSharedBytes}.");
        _sharedBytes = bytes > 0 ? bytes : SharedBytes;
        if (_sharedBytes <= _sharedRoom) return;
        NativeMemory.AlignedFree((void*)_shared);
        _shared = Allocate(_sharedBytes);
        _sharedRoom = _sharedBytes;
    }

    private void ReserveLocal(int threads)
    {
        if (threads <= _localThreads) return;
        NativeMemory.AlignedFree((void*)_local);
        _local = Allocate(threads * LocalBytes);
        _localThreads = threads;
    }

    private static nint Allocate(int bytes) => (nint)NativeMemory.AlignedAlloc((nuint)bytes, 64);

    private static Size3 Position(int index, Size3 size) => new(index % size.X, index / size.X % size.Y, index / (size.X * size.Y));

    private static string Describe(BarrierSite? site)
    {
        if (site is not { } at) return "has ended";
        string call = at.CallLine > 0 ? $", called from line {at.CallLine}" : "";
        return $"{(at.IsWarp ? "meets its warp" : "waits")} at {at.File}:{at.Line}{call}";
    }

    private static string Place(in KernelThread thread) => $"group {thread.Group}, thread {thread.Thread}";
}
