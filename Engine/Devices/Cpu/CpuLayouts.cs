using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Cpu;

/// <summary>
/// Decides how values are stored: in channel blocks, except for a network input that all its readers can read channels-last. Depends only
/// on the network, so that all its plans store parameters alike.
/// </summary>
internal sealed class CpuLayouts(Network network, bool inputGradient)
{
    private readonly bool _inputChannelsLast = !inputGradient && CanReadChannelsLast(network.Graph.Input)
        && Plan.Root(network.Output, training: true) != network.Graph.Input;

    /// <summary>Returns the layout of a value.</summary>
    public TensorLayout Describe(Value value, bool training)
    {
        Value root = Plan.Root(value, training);
        return new(value.Shape, Storage.Of(root).Shape, _inputChannelsLast && root == network.Graph.Input);
    }

    private static bool CanReadChannelsLast(Value value) => value.Consumers.All(consumer =>
        consumer.Operator.ReadsChannelsLast(value.Shape)
        && (!consumer.Operator.IsView(training: true) || CanReadChannelsLast(consumer.Output)));
}
