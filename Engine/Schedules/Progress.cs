namespace GpuCnn.Engine.Schedules;

/// <summary>Progress of a run.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="StepsPerEpoch">Steps per epoch.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
public readonly record struct Progress(long Step, long StepsPerEpoch, long TotalSteps)
{
    /// <summary>Epochs done.</summary>
    public long Epoch => Step / StepsPerEpoch;
}
