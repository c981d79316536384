namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// A run of commands that the driver has prepared as one: launching it costs about as much as launching one kernel. What the commands
/// read and write is fixed, so buffers and kernels in it have to live as long as it does.
/// </summary>
internal sealed unsafe class CudaGraph : CudaObject
{
    /// <summary>Other threads may allocate meanwhile; this one must not.</summary>
    private const int ThreadLocalCapture = 1;

    private const uint NonBlockingStream = 1;

    private CudaGraph(CudaContext context, nint handle, string name) : base(context, handle, name) { }

    /// <summary>Records commands without running them; the graph is owned by the caller.</summary>
    /// <param name="name">In messages.</param>
    /// <param name="record">
    /// Gives commands to the stream that it is given, and nowhere else. It is a stream of the graph's own, so that nothing that other
    /// threads launch meanwhile gets into the graph.
    /// </param>
    public static CudaGraph Capture(CudaContext context, string name, Action<nint> record)
    {
        CudaApi api = context.Api;
        context.Enter();
        nint stream, graph = 0;
        context.Check(api.StreamCreate(&stream, NonBlockingStream), "cuStreamCreate");
        try
        {
            context.Check(api.StreamBeginCapture(stream, ThreadLocalCapture), "cuStreamBeginCapture_v2");
            try
            {
                record(stream);
            }
            catch
            {
                // A stream that records cannot be destroyed as it is.
                _ = api.StreamEndCapture(stream, &graph);
                throw;
            }
            context.Check(api.StreamEndCapture(stream, &graph), "cuStreamEndCapture");
            return new CudaGraph(context, Instantiate(context, graph), name);
        }
        finally
        {
            if (graph != 0) _ = api.GraphDestroy(graph);
            _ = api.StreamDestroy(stream);
        }
    }

    /// <summary>Gives all its commands to the context's stream, behind what is there.</summary>
    public void Launch()
    {
        Context.Enter();
        int code = Api.GraphLaunch(Handle, Context.Stream);
        if (code != CudaApi.Success) throw Context.Failure(code, "cuGraphLaunch", Name);
        Context.Launched(this);
    }

    /// <summary>Where it still runs, the driver frees it when it has.</summary>
    protected override void Release(nint handle) => _ = Api.GraphExecDestroy(handle);

    private static nint Instantiate(CudaContext context, nint graph)
    {
        nint executable;
        if (context.Api.GraphInstantiate != null)
        {
            context.Check(context.Api.GraphInstantiate(&executable, graph, 0), "cuGraphInstantiateWithFlags");
            return executable;
        }
        nint failed;
        context.Check(context.Api.GraphInstantiateOld(&executable, graph, &failed, null, 0), "cuGraphInstantiate_v2");
        return executable;
    }
}
