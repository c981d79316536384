namespace GpuCnn.Bench.Workloads;

/// <summary>The pass of a plan that is measured.</summary>
public enum OperatorPass
{
    Forward,
    BackwardData,
    BackwardWeights,
    Loss,
    Update,
}

internal static class OperatorPassNames
{
    /// <summary>As tables and the other side call it.</summary>
    public static string Text(this OperatorPass pass) => pass switch
    {
        OperatorPass.Forward => "forward",
        OperatorPass.BackwardData => "backward data",
        OperatorPass.BackwardWeights => "backward weights",
        OperatorPass.Loss => "forward + backward",
        _ => "update",
    };
}
