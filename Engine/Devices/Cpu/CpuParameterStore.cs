using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>A parameter where it lies.</summary>
public sealed unsafe class CpuParameter
{
    private readonly CpuParameterStore _store;

    internal CpuParameter(CpuParameterStore store, Parameter parameter, ParameterLayout layout)
    {
        _store = store;
        Parameter = parameter;
        Layout = layout;
    }

    public Parameter Parameter { get; }

    public ParameterLayout Layout { get; }

    public float* Values => (Parameter.IsState ? _store.States : _store.Run(0)) + Offset;

    public float* Gradient => _store.Run(1) + Offset;

    internal float* Velocity => _store.Run(2) + Offset;

    private long Offset => _store.Order.OffsetOf(Parameter);

    /// <summary>Stored floats that stand for no value of the tensor.</summary>
    public int[] UnusedEntries()
    {
        var used = new bool[Layout.Count];
        for (int i = 0; i < Parameter.Spec.Count; i++) used[Layout.IndexOf(i)] = true;
        return [.. Enumerable.Range(0, used.Length).Where(i => !used[i])];
    }
}

/// <summary>Parameters on the CPU device: weights, gradients and velocities, each one run of floats in the order of the network.</summary>
internal sealed unsafe class CpuParameterStore : ParameterStore
{
    private readonly CpuDevice _device;
    private readonly Dictionary<Parameter, CpuParameter> _parameters = [];
    private CpuMemory? _memory;

    public CpuParameterStore(Network network, CpuDevice device, bool training, bool inputGradient) : base(network, device, training)
    {
        _device = device;
        Layouts = new CpuLayouts(network, inputGradient);
        foreach (Parameter parameter in network.Parameters)
        {
            ParameterLayout layout = parameter.Node.Operator.LayOut(parameter.Spec, InputOf(parameter), device.VectorWidth);
            _parameters.Add(parameter, new(this, parameter, layout));
        }
        Order = new(network, parameter => Find(parameter).Layout.Count);
    }

    public CpuLayouts Layouts { get; }

    public ParameterOrder Order { get; }

    public override long Bytes => 4 * (Order.Count * Runs + Order.StateCount);

    /// <summary>State lies behind the last run.</summary>
    internal float* States => Run(Runs);

    private int Runs => IsTraining ? 3 : 1;

    /// <summary>Run 0 holds the weights, run 1 the gradients, run 2 the velocities.</summary>
    internal float* Run(int run)
    {
        _memory ??= _device.Allocate(Math.Max(Bytes, 4), "parameters");
        return (float*)_memory.Address + run * Order.Count;
    }

    /// <summary>One image of what a parameter's operator reads, as it is stored.</summary>
    public CpuTensor InputOf(Parameter parameter) =>
        Layouts.Describe(parameter.Node.Inputs[0], new PlanBuffer("layout", 1, persistent: true), images: 1, training: true);

    public CpuParameter Find(Parameter parameter) => _parameters[parameter];

    public override void SetWeights(Parameter parameter, Tensor tensor) => Set(parameter, tensor, Find(parameter).Values);

    public override Tensor GetWeights(Parameter parameter) => Get(parameter, Find(parameter).Values);

    public override void SetVelocity(Parameter parameter, Tensor tensor) => Set(parameter, tensor, Training(Find(parameter)).Velocity);

    public override Tensor GetVelocity(Parameter parameter) => Get(parameter, Training(Find(parameter)).Velocity);

    public override Tensor GetGradient(Parameter parameter) => Get(parameter, Training(Find(parameter)).Gradient);

    public override void Dispose()
    {
        _memory?.Dispose();
        _memory = null;
    }

    private CpuParameter Training(CpuParameter parameter) => IsTraining && !parameter.Parameter.IsState
        ? parameter
        : throw new InvalidOperationException($"{parameter.Parameter} was made without room for training.");

    private void Set(Parameter parameter, Tensor tensor, float* target)
    {
        if (!tensor.HasDimensions(parameter.Spec.Dimensions))
            throw new GpuCnnException($"{Network.Name} expects {parameter.Path} to be [{string.Join(", ", parameter.Spec.Dimensions)}], but got {tensor}.");
        ParameterLayout layout = Find(parameter).Layout;
        layout.Store(tensor, new Span<float>(target, layout.Count));
    }

    private Tensor Get(Parameter parameter, float* source)
    {
        var tensor = new Tensor([.. parameter.Spec.Dimensions]);
        ParameterLayout layout = Find(parameter).Layout;
        layout.Load(new ReadOnlySpan<float>(source, layout.Count), tensor);
        return tensor;
    }
}
