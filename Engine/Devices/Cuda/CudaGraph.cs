namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>
/// Commands that the driver has prepared as one: launching them costs about as much as launching one kernel. Their addresses are fixed, so
/// the graph's buffers and kernels must live as long as the graph.
/// </summary>
internal sealed unsafe class CudaGraph : CudaObject
{
    /// <summary>During a capture other threads may allocate, but this one must not.</summary>
    private const int ThreadLocalCapture = 1;

    private CudaGraph(CudaContext context, nint handle, string name) : base(context, handle, name) { }

    /// <summary>Records commands without running them. The caller owns the graph.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="record">
    /// Gives commands to the stream that it receives, and to no other. The stream belongs to the graph, so launches of other threads do not
    /// enter the graph.
    /// </param>
    public static CudaGraph Capture(CudaContext context, string name, Action<nint> record)
    {
        CudaApi api = context.Api;
        context.Enter();
        nint stream, graph = 0;
        context.Check(api.StreamCreate(&stream, CudaApi.NonBlockingStream), "cuStreamCreate");
        try
        {
            context.Check(api.StreamBeginCapture(stream, ThreadLocalCapture), "cuStreamBeginCapture_v2");
            try
            {
                record(stream);
            }
            catch
            {
                // A stream cannot be destroyed while it records.
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

    /// <summary>Queues all its commands on the context's stream.</summary>
    public void Launch()
    {
        Context.Enter();
        int code = Api.GraphLaunch(Handle, Context.Stream);
        if (code != CudaApi.Success) throw Context.Failure(code, "cuGraphLaunch", Name);
        Context.Launched(this);
    }

    /// <summary>If the graph still runs, the driver frees it afterwards.</summary>
    protected override void Release(nint handle) => _ = Api.GraphExecDestroy(handle);

    private static nint Instantiate(CudaContext context, nint graph)
    {
        nint executable;
        if (context.Api.GraphInstantiate is not null)
        {
            context.Check(context.Api.GraphInstantiate(&executable, graph, 0), "cuGraphInstantiateWithFlags");
            return executable;
        }
        nint failed;
        context.Check(context.Api.GraphInstantiateOld(&executable, graph, &failed, null, 0), "cuGraphInstantiate_v2");
        return executable;
    }
}
