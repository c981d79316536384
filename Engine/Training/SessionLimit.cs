namespace GpuCnn.Engine.Training;

/// <summary>
/// Says when a run with a time limit has to end, so that its last validation and its final weights come within the limit. How long they
/// take is known from the last time; before the first validation, an image is taken to cost what it costs in training.
/// </summary>
/// <param name="limit">Null never ends a run.</param>
/// <param name="validationShare">Images that are validated, of those of a training step: 2 for twice as many.</param>
internal sealed class SessionLimit(TimeSpan? limit, TimeProvider clock, double validationShare)
{
    // Final weights are written after a checkpoint, and sometimes those of the best epoch.
    private const int Files = 3;

    /// <summary>
    /// Share of the limit in which nothing is concluded from the time of the steps: the first ones compile kernels and fill caches.
    /// </summary>
    private const double WarmUp = 0.1;

    private long _start = clock.GetTimestamp(), _mark, _steps;
    private double _firstStep, _stepSeconds, _longestStep, _savingSeconds;
    private double? _validationSeconds;

    /// <summary>Starts the clock.</summary>
    public void Start() => _start = clock.GetTimestamp();

    /// <summary>Whether another step could end too late. A session has at least one step.</summary>
    /// <param name="pending">Steps that have begun and not ended.</param>
    public bool IsReached(int pending)
    {
        if (limit is not { } time || _steps == 0) return false;
        double elapsed = clock.GetElapsedTime(_start).TotalSeconds, mean = (_stepSeconds - _firstStep) / Math.Max(1, _steps - 1);
        double validation = _validationSeconds ?? (elapsed < WarmUp * time.TotalSeconds ? 0
            : validationShare * (_steps > 1 ? mean : _firstStep));
        return elapsed + (1 + pending) * _longestStep + validation + Files * _savingSeconds >= time.TotalSeconds;
    }

    /// <summary>Begins to measure what ends with one of the methods below.</summary>
    public void Begin() => _mark = clock.GetTimestamp();

    public void EndStep()
    {
        double seconds = Elapsed();
        if (_steps++ == 0) _firstStep = seconds;
        _stepSeconds += seconds;
        // A slow step long ago does not count for ever.
        _longestStep = Math.Max(seconds, 0.9 * _longestStep);
    }

    public void EndValidation() => _validationSeconds = Elapsed();

    public void EndSaving() => _savingSeconds = Elapsed();

    private double Elapsed() => clock.GetElapsedTime(_mark).TotalSeconds;
}
