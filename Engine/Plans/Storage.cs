using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Plans;

/// <summary>As what values are stored, on every device.</summary>
internal static class Storage
{
    /// <summary>The value whose shape says how this one is stored: behind a view of a volume, operators of single values keep to the volume.</summary>
    public static Value Of(Value value)
    {
        while (value.Producer is { } producer && (producer.Operator.IsElementwise || producer.Operator.IsView(training: true))) value = producer.Inputs[0];
        return value;
    }
}
