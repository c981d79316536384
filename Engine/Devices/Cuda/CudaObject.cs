namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>A handle of the driver with one owner, who disposes of it. Its context knows it until then, and frees it if that comes first.</summary>
internal abstract class CudaObject : IDisposable
{
    private nint _handle;

    protected CudaObject(CudaContext context, nint handle, string name)
    {
        Context = context;
        Name = name;
        _handle = handle;
        context.Remember(this);
    }

    public CudaContext Context { get; }

    /// <summary>What it is for, in messages.</summary>
    public string Name { get; }

    public bool IsDisposed => _handle == 0;

    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(_handle == 0, this);
            return _handle;
        }
    }

    protected CudaApi Api => Context.Api;

    public void Dispose()
    {
        nint handle = Interlocked.Exchange(ref _handle, 0);
        if (handle == 0) return;
        Context.TryEnter();
        // The result is not checked: after a lost device each release fails too, and would hide the failure that led here.
        Release(handle);
        Context.Forget(this);
    }

    protected abstract void Release(nint handle);

    public override string ToString() => $"{GetType().Name} '{Name}'";
}
