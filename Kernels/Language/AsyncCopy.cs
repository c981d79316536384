namespace GpuCnn.Kernels.Language;

/// <summary>
/// Copies from device memory to shared memory that go on while the thread computes (cp.async), on NVIDIA GPUs of compute capability 8.0 or
/// higher. Only CUDA C has them, so <see cref="KernelText.NeedsCudaC"/> is true for kernels that use this class.
/// </summary>
/// <remarks>
/// The target's content is undefined until the thread has waited for the copy, and for other threads until a barrier after that. In C#,
/// the target is unset until then, so that a missing wait is reported.
/// </remarks>
public static unsafe class AsyncCopy
{
    /// <summary>
    /// Starts to copy four floats. Both addresses are multiples of 16 bytes. Not through the first-level cache (cp.async.cg).
    /// </summary>
    /// <param name="shared">A shared array.</param>
    /// <param name="to">Index in it.</param>
    /// <param name="from">Memory of the device.</param>
    /// <param name="index">Index in it.</param>
    /// <param name="exists">Whether to copy; otherwise zeros are written, and nothing is read.</param>
    public static void Copy4(View<float> shared, int to, ReadOnlyView<float> from, int index, bool exists) =>
        Copy(shared, to, from, index, exists, 4);

    /// <summary>Starts to copy one float, through the first-level cache (cp.async.ca).</summary>
    /// <inheritdoc cref="Copy4"/>
    public static void Copy1(View<float> shared, int to, ReadOnlyView<float> from, int index, bool exists) =>
        Copy(shared, to, from, index, exists, 1);

    /// <summary>Makes one group of the copies that the thread has started since its last call. The group may be empty.</summary>
    public static void Commit() => Pending.Commit();

    /// <summary>Waits until at most the newest <paramref name="pending"/> groups of the thread's copies have not arrived.</summary>
    /// <param name="pending">A constant, or computed from specialization constants.</param>
    public static void Wait(int pending) => Pending.Wait(pending);

    private static PendingCopies Pending =>
        KernelThread.Current.Copies ?? throw new KernelFaultException("this device has no copies that go on while a thread computes");

    private static void Copy(View<float> shared, int to, ReadOnlyView<float> from, int index, bool exists, int width)
    {
        float* target = VectorAccess.Address(shared, to, width);
        if (exists) Pending.Add(target, VectorAccess.Address(from, index, width), width);
        else Pending.Add(target, null, width);
    }
}

/// <summary>The copies that one thread has started and not waited for.</summary>
internal sealed unsafe class PendingCopies
{
    private readonly Queue<(nint Target, nint Source, int Floats)> _copies = [];
    private readonly Queue<int> _groups = [];
    private int _open;

    public void Clear()
    {
        _copies.Clear();
        _groups.Clear();
        _open = 0;
    }

    /// <param name="source">Null to write zeros.</param>
    public void Add(float* target, float* source, int floats)
    {
        new Span<byte>(target, floats * sizeof(float)).Fill(KernelMemory.Unset);
        _copies.Enqueue(((nint)target, (nint)source, floats));
        _open++;
    }

    public void Commit()
    {
        _groups.Enqueue(_open);
        _open = 0;
    }

    public void Wait(int pending)
    {
        if (pending < 0) throw new KernelFaultException($"a thread waits until at most {pending} groups of copies are pending");
        while (_groups.Count > pending)
        {
            for (int left = _groups.Dequeue(); left > 0; left--)
            {
                (nint target, nint source, int floats) = _copies.Dequeue();
                var to = new Span<float>((void*)target, floats);
                if (source == 0) to.Clear();
                else new ReadOnlySpan<float>((void*)source, floats).CopyTo(to);
            }
        }
    }
}
