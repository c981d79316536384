namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>Something that was given to the queue: whether it has run, and when.</summary>
internal sealed unsafe class OpenClEvent : OpenClObject
{
    private const uint ExecutionStatus = 0x11D3;

    internal OpenClEvent(OpenClContext context, nint handle, string name) : base(context, handle, name) { }

    /// <exception cref="DeviceLostException">It failed.</exception>
    public bool IsComplete
    {
        get
        {
            int status;
            Context.Check(Api.GetEventInfo(Handle, ExecutionStatus, sizeof(int), &status, null), "clGetEventInfo");
            // Below zero is the error with which the command ended.
            return status >= 0 ? status == 0 : throw Context.Lost(status, "clGetEventInfo");
        }
    }

    /// <exception cref="DeviceLostException">It failed.</exception>
    public void Wait()
    {
        nint handle = Handle;
        Context.Check(Api.WaitForEvents(1, &handle), "clWaitForEvents");
    }

    /// <summary>When it was queued, submitted, started and ended; waits for it. Only with a context that has profiling on.</summary>
    public OpenClTimes Times()
    {
        if (!Context.IsProfiling) throw new InvalidOperationException("The context was made without profiling; its events have no times.");
        Wait();
        return new(Time(0x1280), Time(0x1281), Time(0x1282), Time(0x1283));
    }

    protected override void Release(nint handle) => _ = Api.ReleaseEvent(handle);

    private long Time(uint name)
    {
        ulong time;
        Context.Check(Api.GetEventProfilingInfo(Handle, name, sizeof(ulong), &time, null), "clGetEventProfilingInfo");
        return (long)time;
    }
}

/// <summary>Nanoseconds of the device's clock.</summary>
internal readonly record struct OpenClTimes(long Queued, long Submitted, long Started, long Ended)
{
    public TimeSpan Duration => TimeSpan.FromMicroseconds((Ended - Started) / 1e3);
}
