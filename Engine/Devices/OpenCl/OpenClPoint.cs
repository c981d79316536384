namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>A point in a queue that moves on: the event of the last command before it. For one thread.</summary>
internal sealed unsafe class OpenClPoint : IDisposable
{
    private readonly OpenClContext _context;
    private nint _event;

    /// <param name="isMarked">Whether it begins after the commands given to the context's queue so far, or nowhere.</param>
    public OpenClPoint(OpenClContext context, bool isMarked = true)
    {
        _context = context;
        if (isMarked) Mark();
    }

    /// <summary>The event; 0 where nothing was marked.</summary>
    public nint Event => _event;

    /// <summary>Moves the point to after all commands given to the context's queue so far, and starts them.</summary>
    public void Mark()
    {
        nint marker;
        _context.Check(_context.Api.EnqueueMarkerWithWaitList(_context.Queue, 0, null, &marker), "clEnqueueMarkerWithWaitList");
        Set(marker);
        // Other queues may wait for it only once it was submitted.
        _context.Flush();
    }

    /// <summary>Moves the point to the end of a command, whose event it takes over.</summary>
    public void Set(nint command)
    {
        Dispose();
        _event = command;
    }

    /// <summary>Lets later commands of the context's queue wait for the point.</summary>
    public void Hold()
    {
        nint awaited = _event;
        if (awaited == 0) return;
        // Commands run in order, so they wait for the marker.
        _context.Check(_context.Api.EnqueueMarkerWithWaitList(_context.Queue, 1, &awaited, null), "clEnqueueMarkerWithWaitList");
    }

    /// <summary>Waits for the point, unless it was reached.</summary>
    /// <exception cref="DeviceLostException">A command failed.</exception>
    public void Wait()
    {
        nint awaited = _event;
        if (awaited == 0 || IsReached) return;
        _context.Check(_context.Api.WaitForEvents(1, &awaited), "clWaitForEvents");
    }

    public void Dispose()
    {
        nint old = Interlocked.Exchange(ref _event, 0);
        if (old != 0) _ = _context.Api.ReleaseEvent(old);
    }

    private bool IsReached
    {
        get
        {
            int status;
            _context.Check(
                _context.Api.GetEventInfo(_event, OpenClEvent.ExecutionStatus, sizeof(int), &status, null), "clGetEventInfo");
            // A negative status is the error that ended the command.
            return status >= 0 ? status == 0 : throw _context.Lost(status, "clGetEventInfo");
        }
    }
}
