namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>A driver handle with one owner, who disposes of it. Its context tracks it until then.</summary>
internal abstract class OpenClObject : IDisposable
{
    private nint _handle;

    protected OpenClObject(OpenClContext context, nint handle, string name)
    {
        Context = context;
        Name = name;
        _handle = handle;
        context.Remember(this, handle);
    }

    public OpenClContext Context { get; }

    /// <summary>Purpose, for messages.</summary>
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

    protected OpenClApi Api => Context.Api;

    public void Dispose()
    {
        nint handle = Interlocked.Exchange(ref _handle, 0);
        if (handle == 0) return;
        // The result is ignored: after a lost device, each release fails too and would hide the original failure.
        Release(handle);
        Context.Forget(this, handle);
    }

    protected abstract void Release(nint handle);

    public override string ToString() => $"{GetType().Name} '{Name}'";
}
