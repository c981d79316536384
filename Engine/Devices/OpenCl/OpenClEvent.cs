namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>The completion of a command: whether it has run, and when.</summary>
internal sealed unsafe class OpenClEvent : OpenClObject
{
    /// <summary>What <c>clGetEventInfo</c> is asked for.</summary>
    internal const uint ExecutionStatus = 0x11D3;

    internal OpenClEvent(OpenClContext context, nint handle, string name) : base(context, handle, name) { }

    /// <exception cref="DeviceLostException">The command failed.</exception>
    public bool IsComplete
    {
        get
        {
            int status;
            Context.Check(Api.GetEventInfo(Handle, ExecutionStatus, sizeof(int), &status, null), "clGetEventInfo");
            // A negative status is the error that ended the command.
            return status >= 0 ? status == 0 : throw Context.Lost(status, "clGetEventInfo");
        }
    }

    /// <exception cref="DeviceLostException">The command failed.</exception>
    public void Wait()
    {
        nint handle = Handle;
        Context.Check(Api.WaitForEvents(1, &handle), "clWaitForEvents");
    }

    /// <summary>Waits, and returns when the command was queued, submitted, started and ended. The context must have profiling on.</summary>
    public OpenClTimes Times()
    {
        if (!Context.IsProfiling)
            throw new InvalidOperationException("The context was created without profiling, so its events have no times.");
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
