using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// One pass of a network of one layer, as the plan runs it: every launch that the plan emits for the pass, including copies with a border,
/// turned filters and partial sums. The input's copy into the device's layout is not included, because inside a network there is none.
/// </summary>
internal sealed class OperatorSubject : Subject
{
    private readonly ParameterStore _parameters;
    private readonly Plan _plan;
    private readonly int _first, _last;
    private readonly float[] _result;

    public OperatorSubject(Device device, Layer layer, Shape input, int images, OperatorPass pass, OperatorSettings settings)
    {
        bool inputGradient = !settings.IsFirstLayer, isWithin = settings.Precision == Precision.BFloat16;
        // Layers of one value a window surround the operator, because a network's own input and output stay float32.
        Network network = isWithin ? Within(layer, input, settings.IsFirstLayer, pass.Text()) : new(pass.Text(), layer, input);
        _parameters = device.CreateParameters(network, training: true, inputGradient);
        var options = new PlanOptions
        {
            Images = images,
            Training = true,
            Loss = settings.Loss,
            Optimizer = settings.Optimizer,
            InputGradient = inputGradient,
            KeepsBuffers = true,
            Precision = settings.Precision,
        };
        _plan = new Plan(_parameters, options with { Algorithms = TileAlgorithms.Of(device, _parameters, options, settings.Tile) });
        foreach (Parameter parameter in network.Parameters)
        {
            _parameters.SetWeights(parameter, Filled(parameter, Pattern.Weight));
            if (parameter.IsState) continue;
            foreach (string slot in _parameters.Slots) _parameters.SetSlot(slot, parameter, Filled(parameter, Pattern.Velocity));
        }
        (_first, _last) = isWithin ? StepsOf(pass, layer) : StepsOf(pass);
        if (settings.Tile is { } tile && !_plan.Choices.Any(choice =>
            choice.Step >= _first && choice.End <= _last && TileAlgorithms.IsIn(choice.Algorithm, tile)))
            throw new GpuCnnException($"{device.Name} does not compute this pass in tiles of {tile}.");

        var batch = new Batch(network.Input, images) { Count = images };
        Pattern.FillImages(batch);
        for (int image = 0; image < images; image++) batch.Labels[image] = Pattern.Label(image, network.Output.Shape.Count);
        _plan.Train(batch, settings.LearningRate, seed: 1, step: 0);
        _result = ResultOf(pass);
    }

    public override IReadOnlyList<string> Steps => [.. _plan.Steps.Skip(_first).Take(_last - _first)];

    public override double ResultAt(long position) => _result[position];

    public override void Run() => _plan.Repeat(_first, _last);

    public override void Finish() => _plan.Finish();

    public override void Dispose()
    {
        _plan.Dispose();
        _parameters.Dispose();
    }

    private (int First, int Last) StepsOf(OperatorPass pass)
    {
        PlanPasses passes = _plan.Passes;
        return pass switch
        {
            OperatorPass.Forward => (passes.Forward, passes.Loss),
            OperatorPass.Loss => (passes.Loss, passes.Backward),
            OperatorPass.BackwardWeights => (passes.Backward, passes.Backward + WeightGradientSteps()),
            OperatorPass.Backward => (passes.Backward, passes.Update),
            OperatorPass.BackwardData => (passes.Backward + WeightGradientSteps(), passes.Update),
            _ => (passes.Update, passes.End),
        };
    }

    /// <summary>The steps of one layer among others.</summary>
    private (int First, int Last) StepsOf(OperatorPass pass, Layer layer)
    {
        PlanPart[] parts =
        [
            .. _plan.Parts.Where(part => part.Node?.Node.Operator == layer && pass switch
            {
                OperatorPass.Forward => part.Pass == StepPass.Forward,
                OperatorPass.BackwardWeights => part.Pass == StepPass.BackwardWeights,
                OperatorPass.BackwardData => part.Pass == StepPass.BackwardData,
                _ => part.Pass is StepPass.Backward or StepPass.BackwardData or StepPass.BackwardWeights,
            }),
        ];
        if (parts.Length == 0 || parts.Zip(parts.Skip(1)).Any(pair => pair.First.End != pair.Second.First))
            throw new InvalidOperationException($"The plan's steps for {pass.Text()} do not follow each other.");
        return (parts[0].First, parts[^1].End);
    }

    private static Network Within(Layer layer, Shape input, bool isFirst, string name)
    {
        var layers = new Sequential();
        if (!isFirst) layers.Add(new AvgPool2d(1, 1));
        if (input.IsVector) layers.Add(new Flatten());
        layers.Add(layer);
        if (!input.IsVector) layers.Add(new AvgPool2d(1, 1));
        return new(name, layers, input.IsVector ? Shape.Volume(input.Count, 1, 1) : input);
    }

    /// <summary>
    /// Number of steps in the backward pass of a plan without the input's gradient. The steps that the gradient adds are "backward data".
    /// </summary>
    private int WeightGradientSteps()
    {
        if (!_plan.Options.InputGradient) return _plan.Passes.Update - _plan.Passes.Backward;
        using var without = new Plan(_parameters, _plan.Options with { InputGradient = false });
        var steps = without.Steps.Take(without.Passes.Backward..without.Passes.Update).ToList();
        if (!_plan.Steps.Skip(_plan.Passes.Backward).Take(steps.Count).SequenceEqual(steps))
            throw new InvalidOperationException(
                "The plan computes the input's gradient before or among its parameters' gradients, so the two cannot be told apart.");
        return steps.Count;
    }

    private float[] ResultOf(OperatorPass pass)
    {
        Network network = _parameters.Network;
        switch (pass)
        {
            case OperatorPass.BackwardWeights: return _parameters.GetGradient(network.Parameters[0]).Values;
            case OperatorPass.Update: return _parameters.GetWeights(network.Parameters[0]).Values;
            case OperatorPass.Forward:
                var output = new float[_plan.Options.Images * network.Output.Shape.Count];
                _plan.ReadOutput(output);
                return ToChannelsFirst(network.Output.Shape, output);
            default:
                var gradient = new float[_plan.Options.Images * network.Input.Count];
                _plan.ReadInputGradient(gradient);
                return ToChannelsFirst(network.Input, gradient);
        }
    }

    /// <summary>Results in the order of PyTorch's tensors.</summary>
    private static float[] ToChannelsFirst(Shape shape, float[] images)
    {
        var result = new float[images.Length];
        ImageLayout.ToChannelsFirst(shape, images, result);
        return result;
    }

    private static Tensor Filled(Parameter parameter, int tensor)
    {
        var values = new Tensor([.. parameter.Spec.Dimensions]);
        Pattern.Fill(tensor, values.Values);
        return values;
    }
}

/// <summary>Settings that only some operators need.</summary>
internal sealed record OperatorSettings
{
    /// <summary>
    /// Whether the layer reads images: its input's gradient is not needed, and the plan may choose the input's layout for that.
    /// </summary>
    public bool IsFirstLayer { get; init; }

    public Precision Precision { get; init; }

    /// <inheritdoc cref="Workload.Tile"/>
    public string? Tile { get; init; }

    public Loss Loss { get; init; } = new GivenGradient();

    public Optimizer? Optimizer { get; init; }

    public float LearningRate { get; init; }
}
