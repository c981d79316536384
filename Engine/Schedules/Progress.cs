namespace GpuCnn.Engine.Schedules;

/// <summary>Where a run stands.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
public readonly record struct Progress(long Step, long StepsPerEpoch, long TotalSteps)
{
    /// <summary>Epochs done.</summary>
    public long Epoch => Step / StepsPerEpoch;
}
