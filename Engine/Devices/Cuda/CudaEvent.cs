namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>A point in the stream: whether and when the device reached it.</summary>
internal sealed unsafe class CudaEvent : CudaObject
{
    private const uint WithoutTiming = 2;

    private readonly bool _timed;

    internal CudaEvent(CudaContext context, bool timed, string name) : base(context, Create(context, timed), name) => _timed = timed;

    /// <exception cref="DeviceLostException">An earlier command failed.</exception>
    public bool IsComplete
    {
        get
        {
            Context.Enter();
            int code = Api.EventQuery(Handle);
            if (code == CudaCodes.NotReady) return false;
            Context.Check(code, "cuEventQuery");
            return true;
        }
    }

    /// <summary>Moves the point to after all commands given to a stream so far.</summary>
    public void Record(nint stream)
    {
        Context.Enter();
        Context.Check(Api.EventRecord(Handle, stream), "cuEventRecord");
    }

    /// <summary>Lets later commands of a stream wait until the device has reached this point.</summary>
    public void Hold(nint stream)
    {
        Context.Enter();
        Context.Check(Api.StreamWaitEvent(stream, Handle, 0), "cuStreamWaitEvent");
    }

    /// <exception cref="DeviceLostException">An earlier command failed.</exception>
    public void Wait()
    {
        Context.Enter();
        Context.Check(Api.EventSynchronize(Handle), "cuEventSynchronize");
    }

    /// <summary>Waits, and returns the device time from an earlier event to this one, to 0.5 µs. Both events must be timed.</summary>
    public TimeSpan Since(CudaEvent earlier)
    {
        if (!_timed || !earlier._timed)
            throw new InvalidOperationException("The event was created without a time; create it with Mark(timed: true).");
        Wait();
        float milliseconds;
        Context.Check(Api.EventElapsedTime(&milliseconds, earlier.Handle, Handle), "cuEventElapsedTime");
        return TimeSpan.FromMilliseconds(milliseconds);
    }

    protected override void Release(nint handle) => _ = Api.EventDestroy(handle);

    private static nint Create(CudaContext context, bool timed)
    {
        context.Enter();
        nint handle;
        context.Check(context.Api.EventCreate(&handle, timed ? 0 : WithoutTiming), "cuEventCreate");
        int code = context.Api.EventRecord(handle, context.Stream);
        if (code == CudaApi.Success) return handle;
        _ = context.Api.EventDestroy(handle);
        throw context.Failure(code, "cuEventRecord");
    }
}

/// <summary>The time of a launch on the device; owned by the caller.</summary>
internal sealed class CudaTiming(CudaEvent started, CudaEvent ended) : IDisposable
{
    /// <summary>Waits for the launch and returns its time.</summary>
    public TimeSpan Duration() => ended.Since(started);

    public void Dispose()
    {
        started.Dispose();
        ended.Dispose();
    }
}
