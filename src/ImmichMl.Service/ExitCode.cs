namespace ImmichMl.Service;

/// <summary>How the programs end.</summary>
public static class ExitCode
{
    public const int Ok = 0;
    public const int OurFault = 1;
    public const int Usage = 2;

    /// <summary>A setting, a file or a permission: the service manager need not try again.</summary>
    public const int OperatorFault = 3;

    public const int CannotConnect = 4;
}
