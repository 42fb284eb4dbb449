"""What platform admins do: they look after a deployment and all of its organisations.

Only the operator's command line says who is one. There is one way past the roles of organisations,
`admission`, and it leaves a trace each time.
"""
