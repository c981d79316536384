using System.Runtime.InteropServices;
using GpuCnn.Engine.Distributed;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Devices;

/// <summary>Parameters in a device's memory and layout. Weights, states, gradients and slots are separate allocations.</summary>
internal sealed class DeviceParameterStore : ParameterStore
{
    /// <summary>Floats that are brought to the host at once.</summary>
    private const long PieceFloats = 1 << 20;

    private readonly Device _device;
    private readonly Dictionary<Parameter, ParameterLayout> _layouts;
    private readonly SortedDictionary<string, DeviceMemory?> _slots = new(StringComparer.Ordinal);
    private DeviceMemory? _weights, _states, _gradients, _averages, _averageStates;
    private bool _isAllocated, _keepsAverages;

    // Parameters without values; null once all have some.
    private HashSet<Parameter>? _unset;

    /// <param name="layOut">Returns how the device stores a parameter.</param>
    public DeviceParameterStore(Network network, Device device, bool training, Func<Parameter, ParameterLayout> layOut)
        : base(network, device, training)
    {
        _device = device;
        _layouts = network.Parameters.ToDictionary(parameter => parameter, layOut);
        Order = new(network, parameter => _layouts[parameter].Count);
        if (network.Parameters.Count > 0) _unset = [.. network.Parameters];
    }

    /// <summary>Whether plans need the gradient of the network's input, which may affect the layout.</summary>
    public bool InputGradient { get; init; }

    public ParameterOrder Order { get; }

    public override IReadOnlyCollection<string> Slots => _slots.Keys;

    public override long Bytes => 4 * (Order.Count * (IsTraining ? 2 + _slots.Count : 1) + Order.StateCount)
        + (_keepsAverages ? 4 * (Order.Count + Order.StateCount) : 0);

    public override long UnallocatedBytes => (_isAllocated ? 0 : Bytes - 4 * Order.Count * (IsTraining ? _slots.Count : 0))
        + 4 * Order.Count * (IsTraining ? _slots.Values.Count(slot => slot is null) : 0)
        + (_isAllocated && _keepsAverages && _averages is null ? 4 * (Order.Count + Order.StateCount) : 0);

    public ParameterLayout LayoutOf(Parameter parameter) => _layouts[parameter];

    /// <summary>Returns the run that holds a parameter's values.</summary>
    public DeviceMemory ValuesOf(Parameter parameter)
    {
        Allocate();
        return (parameter.IsState ? _states : _weights)!;
    }

    public DeviceMemory Weights
    {
        get
        {
            Allocate();
            return _weights!;
        }
    }

    public DeviceMemory States
    {
        get
        {
            Allocate();
            return _states!;
        }
    }

    public DeviceMemory Gradients
    {
        get
        {
            CheckTraining();
            Allocate();
            return _gradients!;
        }
    }

    public DeviceMemory Slot(string name)
    {
        CheckTraining();
        if (!_slots.TryGetValue(name, out DeviceMemory? memory))
            throw new InvalidOperationException($"The parameters have no slot '{name}': no optimizer of their plans uses it.");
        return memory ?? (_slots[name] = _device.Allocate(4 * Order.Count, name));
    }

    internal override PlanBackend CreateBackend(PlanOptions options)
    {
        _device.Require(options.Precision);
        return _device.CreateBackend(this, options);
    }

    /// <summary>Returns a run by name: one of <see cref="ParameterMemory"/>'s, or a slot.</summary>
    internal DeviceMemory Run(string name) => name switch
    {
        ParameterMemory.Weights => Weights,
        ParameterMemory.States => States,
        ParameterMemory.Gradients => Gradients,
        ParameterMemory.Averages => _averages ??= AllocateAverage(Order.Count, name),
        ParameterMemory.AverageStates => _averageStates ??= AllocateAverage(Order.StateCount, name),
        _ => Slot(name),
    };

    internal override void Share(Communicator ranks, StoreRuns runs)
    {
        Allocate();
        float[] piece = new float[Math.Min(Math.Max(Order.Count, Order.StateCount), PieceFloats)];
        foreach ((string run, long count) in RunsOf(runs))
        {
            DeviceMemory memory = Run(run);
            for (long first = 0; first < count; first += piece.Length)
            {
                Span<float> values = piece.AsSpan(0, (int)Math.Min(piece.Length, count - first));
                if (ranks.IsFirst) memory.Read(values, sizeof(float) * first);
                ranks.Broadcast(values);
                if (!ranks.IsFirst) memory.Write<float>(values, sizeof(float) * first);
            }
        }
        // Rank 0 has values for all of them, or fails before.
        if (!ranks.IsFirst && runs.HasFlag(StoreRuns.Weights | StoreRuns.States)) _unset = null;
    }

    internal override ulong Checksum()
    {
        // FNV-1a over the floats' bits: every bit of every weight counts.
        const ulong Basis = 14695981039346656037, Prime = 1099511628211;
        ulong hash = Basis;
        float[] piece = new float[Math.Min(Order.Count, PieceFloats)];
        for (long first = 0; first < Order.Count; first += piece.Length)
        {
            Span<float> values = piece.AsSpan(0, (int)Math.Min(piece.Length, Order.Count - first));
            Weights.Read(values, sizeof(float) * first);
            foreach (uint bits in MemoryMarshal.Cast<float, uint>(values)) hash = (hash ^ bits) * Prime;
        }
        return hash;
    }

    private IEnumerable<(string Run, long Count)> RunsOf(StoreRuns runs)
    {
        if (runs.HasFlag(StoreRuns.Weights) && Order.Count > 0) yield return (ParameterMemory.Weights, Order.Count);
        if (runs.HasFlag(StoreRuns.States) && Order.StateCount > 0) yield return (ParameterMemory.States, Order.StateCount);
        if (runs.HasFlag(StoreRuns.Slots) && Order.Count > 0)
            foreach (string slot in _slots.Keys.ToList()) yield return (slot, Order.Count);
        if (!_keepsAverages) yield break;
        if (runs.HasFlag(StoreRuns.Averages) && Order.Count > 0) yield return (ParameterMemory.Averages, Order.Count);
        if (runs.HasFlag(StoreRuns.AverageStates) && Order.StateCount > 0) yield return (ParameterMemory.AverageStates, Order.StateCount);
    }

    internal override void KeepAverages()
    {
        CheckTraining();
        _keepsAverages = true;
    }

    internal override void AddSlots(IEnumerable<string> slots)
    {
        CheckTraining();
        foreach (string slot in slots) _slots.TryAdd(slot, null);
    }

    public override void SetWeights(Parameter parameter, Tensor tensor)
    {
        Set(parameter, tensor, ValuesOf(parameter));
        _unset?.Remove(parameter);
        if (_unset is { Count: 0 }) _unset = null;
    }

    public override Tensor GetWeights(Parameter parameter)
    {
        if (_unset?.Contains(parameter) == true) throw Uninitialized(parameter);
        return Get(parameter, ValuesOf(parameter));
    }

    internal override void CheckInitialized()
    {
        if (_unset is not null) throw Uninitialized(Network.Parameters.First(_unset.Contains));
    }

    private GpuCnnException Uninitialized(Parameter parameter) => new(
        $"{Network.Name} expects values for its parameters before it runs, but {parameter.Path} has none: call Initialize(seed) of the "
        + "parameter store, or SetWeights for each parameter.");

    public override void SetSlot(string slot, Parameter parameter, Tensor tensor) => Set(parameter, tensor, Slot(slot));

    public override Tensor GetSlot(string slot, Parameter parameter) => Get(parameter, Slot(slot));

    public override void SetAverage(Parameter parameter, Tensor tensor) => Set(parameter, tensor, AverageOf(parameter));

    public override Tensor GetAverage(Parameter parameter) => Get(parameter, AverageOf(parameter));

    public override Tensor GetGradient(Parameter parameter) => Get(parameter, Gradients);

    public override void Dispose()
    {
        foreach (string slot in _slots.Keys.ToList())
        {
            _slots[slot]?.Dispose();
            _slots[slot] = null;
        }
        foreach (DeviceMemory? run in new[] { _weights, _states, _gradients, _averages, _averageStates }) run?.Dispose();
        (_weights, _states, _gradients, _averages, _averageStates, _isAllocated) = (null, null, null, null, null, false);
        if (Network.Parameters.Count > 0) _unset = [.. Network.Parameters];
    }

    /// <summary>Allocates all known runs on first use. Slots added later are allocated separately.</summary>
    private void Allocate()
    {
        if (_isAllocated) return;
        try
        {
            if (Order.Count > 0) _weights = _device.Allocate(4 * Order.Count, "weights");
            if (Order.StateCount > 0) _states = _device.Allocate(4 * Order.StateCount, "states");
            if (IsTraining && Order.Count > 0)
            {
                _gradients = _device.Allocate(4 * Order.Count, "gradients");
                foreach (string slot in _slots.Keys.ToList()) _ = Slot(slot);
            }
            if (_keepsAverages && Order.Count > 0) _ = Run(ParameterMemory.Averages);
            if (_keepsAverages && Order.StateCount > 0) _ = Run(ParameterMemory.AverageStates);
            _isAllocated = true;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private DeviceMemory AverageOf(Parameter parameter) =>
        Run(parameter.IsState ? ParameterMemory.AverageStates : ParameterMemory.Averages);

    private DeviceMemory AllocateAverage(long count, string name) => _keepsAverages ? _device.Allocate(4 * count, name)
        : throw new InvalidOperationException("The parameters have no averages: no plan of theirs keeps them.");

    private void CheckTraining()
    {
        if (!IsTraining) throw new InvalidOperationException("The parameters were created without gradients, for inference only.");
    }

    private void Set(Parameter parameter, Tensor tensor, DeviceMemory run)
    {
        if (!tensor.HasDimensions(parameter.Spec.Dimensions))
        {
            string dimensions = string.Join(", ", parameter.Spec.Dimensions);
            throw new GpuCnnException($"{Network.Name} expects {parameter.Path} to be [{dimensions}], but got {tensor}.");
        }
        ParameterLayout layout = LayoutOf(parameter);
        var values = new float[layout.Count];
        layout.Store(tensor, values);
        run.Write<float>(values, 4 * Order.OffsetOf(parameter));
    }

    private Tensor Get(Parameter parameter, DeviceMemory run)
    {
        ParameterLayout layout = LayoutOf(parameter);
        var values = new float[layout.Count];
        run.Read<float>(values, 4 * Order.OffsetOf(parameter));
        var tensor = new Tensor([.. parameter.Spec.Dimensions]);
        layout.Load(values, tensor);
        return tensor;
    }
}
