using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>A parameter where it lies on a device.</summary>
public sealed class GpuParameter
{
    private readonly GpuParameterStore _store;

    internal GpuParameter(GpuParameterStore store, Parameter parameter, ParameterLayout layout)
    {
        _store = store;
        Parameter = parameter;
        Layout = layout;
    }

    public Parameter Parameter { get; }

    public ParameterLayout Layout { get; }

    /// <summary>Floats before it in each run of the store.</summary>
    internal long Offset => _store.Order.OffsetOf(Parameter);

    /// <summary>Valid when a launch is made, not before.</summary>
    public View<float> Values => View(Parameter.IsState ? ParameterRun.States : ParameterRun.Weights);

    /// <inheritdoc cref="Values"/>
    public View<float> Gradient => View(ParameterRun.Gradients);

    private View<float> View(ParameterRun run) => _store.Run(run).View<float>(4 * Offset, Layout.Count);
}

internal enum ParameterRun
{
    Weights,
    States,
    Gradients,
    Velocities,
}

/// <summary>Parameters on a device that runs translated kernels: weights, gradients and velocities, each one run of floats in the order of the network.</summary>
internal sealed class GpuParameterStore : ParameterStore
{
    private readonly GpuDevice _device;
    private readonly Dictionary<Parameter, GpuParameter> _parameters = [];
    private readonly DeviceMemory?[] _runs = new DeviceMemory?[4];

    public GpuParameterStore(Network network, GpuDevice device, bool training) : base(network, device, training)
    {
        _device = device;
        foreach (Parameter parameter in network.Parameters)
        {
            ParameterLayout layout = parameter.Node.Operator.LayOut(parameter.Spec, Storage.Of(parameter.Node.Inputs[0]).Shape);
            _parameters.Add(parameter, new(this, parameter, layout));
        }
        Order = new(network, parameter => Find(parameter).Layout.Count);
    }

    public ParameterOrder Order { get; }

    public override long Bytes => 4 * (Order.Count * (IsTraining ? 3 : 1) + Order.StateCount);

    public GpuParameter Find(Parameter parameter) => _parameters[parameter];

    public override void SetWeights(Parameter parameter, Tensor tensor) => Set(parameter, tensor, parameter.IsState ? ParameterRun.States : ParameterRun.Weights);

    public override Tensor GetWeights(Parameter parameter) => Get(parameter, parameter.IsState ? ParameterRun.States : ParameterRun.Weights);

    public override void SetVelocity(Parameter parameter, Tensor tensor) => Set(parameter, tensor, ParameterRun.Velocities);

    public override Tensor GetVelocity(Parameter parameter) => Get(parameter, ParameterRun.Velocities);

    public override Tensor GetGradient(Parameter parameter) => Get(parameter, ParameterRun.Gradients);

    public override void Dispose()
    {
        foreach (DeviceMemory? run in _runs) run?.Dispose();
        Array.Clear(_runs);
    }

    /// <summary>A range of a run as one vector.</summary>
    internal View<float> View(ParameterRun run, long first, long count) => Run(run).View<float>(4 * first, checked((int)count));

    /// <summary>Allocates on first use, all runs at once: what a store takes does not depend on what was asked of it.</summary>
    internal DeviceMemory Run(ParameterRun run)
    {
        if (run is ParameterRun.Gradients or ParameterRun.Velocities && !IsTraining) throw new InvalidOperationException("The parameters were made without room for training.");
        if (_runs.All(memory => memory == null)) Allocate();
        return _runs[(int)run]!;
    }

    private void Allocate()
    {
        try
        {
            foreach (ParameterRun run in Enum.GetValues<ParameterRun>())
            {
                long count = run == ParameterRun.States ? Order.StateCount : run == ParameterRun.Weights || IsTraining ? Order.Count : 0;
                if (count > 0) _runs[(int)run] = _device.Allocate(4 * count, $"{run}".ToLowerInvariant());
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private void Set(Parameter parameter, Tensor tensor, ParameterRun run)
    {
        if (!tensor.HasDimensions(parameter.Spec.Dimensions))
            throw new GpuCnnException($"{Network.Name} expects {parameter.Path} to be [{string.Join(", ", parameter.Spec.Dimensions)}], but got {tensor}.");
        GpuParameter stored = Find(parameter);
        var values = new float[stored.Layout.Count];
        stored.Layout.Store(tensor, values);
        Run(run).Write<float>(values, 4 * stored.Offset);
    }

    private Tensor Get(Parameter parameter, ParameterRun run)
    {
        GpuParameter stored = Find(parameter);
        var values = new float[stored.Layout.Count];
        Run(run).Read<float>(values, 4 * stored.Offset);
        var tensor = new Tensor([.. parameter.Spec.Dimensions]);
        stored.Layout.Load(values, tensor);
        return tensor;
    }
}
