using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Plans;

/// <summary>Decides each value's storage shape, on every device.</summary>
internal static class Storage
{
    /// <summary>
    /// Returns the value whose shape decides the storage: after a view of a volume, elementwise operators keep the volume's storage.
    /// </summary>
    public static Value Of(Value value)
    {
        while (value.Producer is { } producer && (producer.Operator.IsElementwise || producer.Operator.IsView(training: true)))
            value = producer.Inputs[0];
        return value;
    }
}
